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
import { texts } from "./messages";

interface ToolsCardProps {
  tools: SWRResponse<Answer<"/v1/tools">, ApiError>;
  filters: Changes;
  className?: string;
}

/** Which tools were called, whether that worked, and how long it took. */
export function ToolsCard({ tools, filters, className }: ToolsCardProps) {
  const text = useMessages(texts);
  const format = useFormat();
  const rows = tools.data?.tools;
  const most = Math.max(1, ...(rows ?? []).map((row) => row.calls));
  const duration = (ms: number | null) => (ms === null ? "–" : format.duration(ms));
  return (
    <Card title={text.tools} flush className={className}>
      {tools.error && !rows ? (
        <Failed error={tools.error} retry={() => void tools.mutate()} />
      ) : !rows ? (
        <Loading className="h-72" />
      ) : rows.length === 0 ? (
        <Empty title={text.noTools} />
      ) : (
        <div className="max-h-96 overflow-y-auto pb-2">
          <Table
            caption={text.tools}
            rows={rows}
            rowKey={(row) => row.name}
            columns={[
              {
                key: "tool",
                head: text.tool,
                cell: (row) => (
                  <Link href={sessionsAddress({ ...filters, tool: row.name })} className="block min-w-32 hover:text-accent">
                    {row.name}
                    <ShareBar share={row.calls / most} bad={row.failed / row.calls} />
                  </Link>
                ),
              },
              { key: "calls", head: text.toolCalls, figure: true, cell: (row) => format.number(row.calls) },
              { key: "sessions", head: text.sessions, figure: true, cell: (row) => format.number(row.sessions) },
              {
                key: "success",
                head: text.success,
                figure: true,
                cell: (row) => (row.succeeded + row.failed ? format.percent(row.succeeded / (row.succeeded + row.failed)) : "–"),
              },
              {
                key: "failed",
                head: text.failed,
                figure: true,
                cell: (row) => <span className={row.failed ? "text-bad" : "text-muted"}>{format.number(row.failed)}</span>,
              },
              { key: "median", head: text.median, figure: true, cell: (row) => duration(row.median_ms) },
              { key: "slow", head: text.slow, figure: true, cell: (row) => duration(row.p95_ms) },
            ]}
          />
        </div>
      )}
    </Card>
  );
}
