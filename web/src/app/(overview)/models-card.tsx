"use client";

import Link from "next/link";
import { ShareBar } from "@/analysis/share-bar";
import { sessionsAddress } from "@/address/pages";
import type { Changes } from "@/address/use-address";
import type { Answer } from "@/api/use-api";
import { Card } from "@/components/card";
import { Empty, Loading } from "@/components/states";
import { Table } from "@/components/table";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { Errors } from "./errors";
import { texts } from "./messages";

interface ModelsCardProps {
  models?: Answer<"/v1/activity">["models"];
  filters: Changes;
  className?: string;
}

/** As high as the heat map beside it; the others are a click away. */
const MOST_ROWS = 6;

/** What each model was used for, and what that took. */
export function ModelsCard({ models, filters, className }: ModelsCardProps) {
  const text = useMessages(texts);
  const format = useFormat();
  const most = Math.max(1, ...(models ?? []).map((row) => row.total_tokens));
  return (
    <Card title={text.models} flush className={className}>
      {!models ? (
        <Loading className="h-72" />
      ) : models.length === 0 ? (
        <Empty title={text.noModels} />
      ) : (
        <div className="pb-2">
          <Table
            caption={text.models}
            orderName="models"
            most={MOST_ROWS}
            rows={models}
            rowKey={(row) => `${row.provider}/${row.model}`}
            columns={[
              {
                key: "model",
                head: text.model,
                by: (row) => row.model,
                cell: (row) => (
                  <Link
                    href={sessionsAddress({ ...filters, model: `${row.provider}/${row.model}` })}
                    title={`${row.provider}/${row.model}`}
                    className="block min-w-20 break-words hover:text-accent sm:min-w-32"
                  >
                    {row.model}
                    <ShareBar share={row.total_tokens / most} />
                  </Link>
                ),
              },
              { key: "calls", head: text.toolCalls, figure: true, minor: true, by: (row) => row.calls, cell: (row) => format.number(row.calls) },
              { key: "tokens", head: text.tokens, figure: true, by: (row) => row.total_tokens, cell: (row) => format.compact(row.total_tokens) },
              { key: "cost", head: text.cost, figure: true, by: (row) => row.cost_usd, cell: (row) => format.cents(row.cost_usd) },
              {
                key: "errors",
                head: text.errors,
                figure: true,
                by: (row) => row.errors,
                cell: (row) => (
                  <Errors
                    count={row.errors}
                    name={`${row.model}: ${text.errors}`}
                    href={sessionsAddress({ ...filters, model: `${row.provider}/${row.model}`, failed: "model" })}
                  />
                ),
              },
            ]}
          />
        </div>
      )}
    </Card>
  );
}
