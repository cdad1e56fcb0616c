"use client";

import { ArrowDown, ArrowUp, ChevronsUpDown } from "lucide-react";
import { useState, type ReactNode } from "react";
import { useAddress } from "@/address/use-address";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { common } from "./messages";
import { orderOf, orderText, sorted, turned, type Order, type Sortable } from "./sorting";

export interface Column<Row> {
  key: string;
  head: string;
  cell: (row: Row) => ReactNode;
  /** Figures stand at the right, below one another. */
  figure?: boolean;
  /** What rows are sorted by when somebody sorts by this column; without it nobody can. */
  by?: (row: Row) => Sortable;
  /** Left out where there is only room for what matters most: on a phone. */
  minor?: boolean;
}

interface TableProps<Row> {
  /** What the table shows; for screen readers. */
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  /** Name in the address of the order that the reader has chosen; needed where columns can be sorted by. */
  orderName?: string;
  /** So many rows are shown until all are asked for. */
  most?: number;
}

export function Table<Row>({ caption, columns, rows, rowKey, orderName, most = Infinity }: TableProps<Row>) {
  const text = useMessages(common);
  const format = useFormat();
  const { parameters, change } = useAddress();
  const [isWhole, setWhole] = useState(false);
  const order = orderName ? orderOf(parameters.get(orderName)) : null;
  const by = columns.find((column) => column.key === order?.column)?.by;
  const ordered = by && order ? sorted(rows, by, order.descending) : rows;
  const shown = isWhole ? ordered : ordered.slice(0, most);
  return (
    <>
      {/* What scrolls must be reached by the keyboard. */}
      <div className="overflow-x-auto" tabIndex={0} role="group" aria-label={caption}>
        <table className="w-full border-collapse text-sm">
          <caption className="sr-only">{caption}</caption>
          <thead>
            <tr className="border-b border-line text-left text-muted">
              {columns.map((column) => (
                <Head
                  key={column.key}
                  column={column}
                  order={by && order?.column === column.key ? order : null}
                  onSort={
                    orderName && column.by
                      ? () => change({ [orderName]: orderText(turned(order, column.key, column.figure ?? false)) })
                      : undefined
                  }
                />
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={rowKey(row)} className="border-b border-line last:border-0 hover:bg-sunken/50">
                {columns.map((column) => (
                  <td
                    key={column.key}
                    className={`px-1 py-2 align-top first:pl-5 last:pr-5 sm:px-3 ${column.figure ? "text-right whitespace-nowrap tabular-nums" : ""} ${column.minor ? "max-sm:hidden" : ""}`}
                  >
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > most && (
        <p className="border-t border-line px-5 py-2.5 text-sm">
          <button type="button" aria-expanded={isWhole} onClick={() => setWhole(!isWhole)} className="text-accent hover:underline">
            {isWhole ? text.showFewer : text.showAll(format.number(rows.length))}
          </button>
        </p>
      )}
    </>
  );
}

interface HeadProps<Row> {
  column: Column<Row>;
  /** Where the rows are sorted by this column. */
  order: Order | null;
  onSort?: () => void;
}

function Head<Row>({ column, order, onSort }: HeadProps<Row>) {
  const Icon = order === null ? ChevronsUpDown : order.descending ? ArrowDown : ArrowUp;
  const direction = order?.descending ? "descending" : "ascending";
  return (
    <th
      scope="col"
      aria-sort={order ? direction : undefined}
      className={`px-1 py-2 font-normal whitespace-nowrap first:pl-5 last:pr-5 sm:px-3 ${column.figure ? "text-right" : ""} ${column.minor ? "max-sm:hidden" : ""}`}
    >
      {onSort ? (
        <button
          type="button"
          onClick={onSort}
          className={`group inline-flex items-center gap-1 hover:text-ink ${column.figure ? "flex-row-reverse" : ""} ${order ? "text-ink" : ""}`}
        >
          {column.head}
          <Icon aria-hidden className={`size-3.5 ${order ? "" : "opacity-40 group-hover:opacity-100 max-sm:hidden"}`} strokeWidth={1.75} />
        </button>
      ) : (
        column.head
      )}
    </th>
  );
}
