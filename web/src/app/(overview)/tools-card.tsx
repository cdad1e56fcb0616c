"use client";

import Link from "next/link";
import type { SWRResponse } from "swr";
import { ShareBar } from "@/analysis/share-bar";
import { sessionsAddress } from "@/address/pages";
import type { Changes } from "@/address/use-address";
import type { ApiError } from "@/api/problem";
import type { Answer } from "@/api/use-api";
import { Card } from "@/components/card";
import { Empty, Failed, Loading } from "@/components/states";
import { Table } from "@/components/table";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { Errors } from "./errors";
import { texts } from "./messages";

type Tool = Answer<"/v1/tools">["tools"][number];

interface ToolsCardProps {
  tools: SWRResponse<Answer<"/v1/tools">, ApiError>;
  filters: Changes;
  className?: string;
}

/** Those that are called most; the others are a click away. */
const MOST_ROWS = 12;

/** The share of the calls that ended well; null where none has ended. */
const successOf = (row: Tool) => (row.succeeded + row.failed ? row.succeeded / (row.succeeded + row.failed) : null);

/** Which tools were called, whether that worked, and how long it took. */
export function ToolsCard({ tools, filters, className }: ToolsCardProps) {
  const text = useMessages(texts);
  const format = useFormat();
  const rows = tools.data?.tools;
  const most = Math.max(1, ...(rows ?? []).map((row) => row.calls));
  const duration = (ms: number | null) => (ms === null ? "–" : format.duration(ms));
  const percent = (share: number | null) => (share === null ? "–" : format.percent(share));
  return (
    <Card title={text.tools} flush className={className}>
      {tools.error ? (
        <Failed error={tools.error} retry={() => void tools.mutate()} />
      ) : !rows ? (
        <Loading className="h-72" />
      ) : rows.length === 0 ? (
        <Empty title={text.noTools} />
      ) : (
        <div className="pb-2">
          <Table
            caption={text.tools}
            orderName="tools"
            most={MOST_ROWS}
            rows={rows}
            rowKey={(row) => row.name}
            columns={[
              {
                key: "tool",
                head: text.tool,
                by: (row) => row.name,
                cell: (row) => (
                  <Link href={sessionsAddress({ ...filters, tool: row.name })} className="block min-w-20 break-words hover:text-accent sm:min-w-32">
                    {row.name}
                    <ShareBar share={row.calls / most} bad={row.failed / row.calls} />
                  </Link>
                ),
              },
              { key: "calls", head: text.toolCalls, figure: true, by: (row) => row.calls, cell: (row) => format.number(row.calls) },
              { key: "sessions", head: text.sessions, figure: true, minor: true, by: (row) => row.sessions, cell: (row) => format.number(row.sessions) },
              {
                key: "success",
                head: text.success,
                figure: true,
                by: successOf,
                cell: (row) => percent(successOf(row)),
              },
              {
                key: "failed",
                head: text.failed,
                figure: true,
                by: (row) => row.failed,
                cell: (row) => (
                  <Errors
                    count={row.failed}
                    name={`${row.name}: ${text.failed}`}
                    href={sessionsAddress({ ...filters, tool: row.name, failed: "tool" })}
                  />
                ),
              },
              { key: "median", head: text.median, figure: true, minor: true, by: (row) => row.median_ms, cell: (row) => duration(row.median_ms) },
              { key: "slow", head: text.slow, figure: true, minor: true, by: (row) => row.p95_ms, cell: (row) => duration(row.p95_ms) },
            ]}
          />
        </div>
      )}
    </Card>
  );
}
