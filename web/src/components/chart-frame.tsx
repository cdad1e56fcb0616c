"use client";

import { ChartNoAxesColumn, Table2 } from "lucide-react";
import { useState, type ReactNode } from "react";
import { useMessages } from "@/preferences/messages";
import { Card } from "./card";
import { common } from "./messages";
import { Table, type Column } from "./table";

/** About as high as a chart; the others are a click away. */
const MOST_ROWS = 10;

interface ChartFrameProps<Row> {
  title: string;
  note?: ReactNode;
  /** What the chart shows as a table: for those who can't see it, and for those who want the figures. */
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  /** What the chart is set by. */
  controls?: ReactNode;
  /** What stands below chart and table alike, and can be read and followed. */
  below?: ReactNode;
  /** The chart; its height is given by it, so that nothing moves when it comes. */
  children: ReactNode;
  className?: string;
  /** What it shows answers the question before. */
  busy?: boolean;
}

/** A chart with the table of its figures, one at a time. */
export function ChartFrame<Row>({
  title,
  note,
  columns,
  rows,
  rowKey,
  controls,
  below,
  children,
  className,
  busy,
}: ChartFrameProps<Row>) {
  const text = useMessages(common);
  const [asTable, setAsTable] = useState(false);
  const Icon = asTable ? ChartNoAxesColumn : Table2;
  const label = asTable ? text.showChart : text.showTable;
  return (
    <Card
      title={title}
      note={note}
      className={className}
      busy={busy}
      flush={asTable}
      actions={
        <div className="flex max-w-full items-center gap-2">
          {controls}
          <button
            type="button"
            onClick={() => setAsTable(!asTable)}
            aria-label={`${label}: ${title}`}
            title={label}
            className="-mr-1.5 rounded-md p-1.5 text-muted hover:bg-sunken hover:text-ink"
          >
            <Icon aria-hidden className="size-4" strokeWidth={1.75} />
          </button>
        </div>
      }
    >
      {asTable ? (
        <Table caption={title} columns={columns} rows={rows} rowKey={rowKey} most={MOST_ROWS} />
      ) : (
        // The table says the same in words: what the drawing is made of only confuses who can't see it.
        <div aria-hidden>{children}</div>
      )}
      {below && <div className={asTable ? "px-5 pb-4" : ""}>{below}</div>}
    </Card>
  );
}
