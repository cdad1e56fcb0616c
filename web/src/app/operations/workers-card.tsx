"use client";

import type { Answer } from "@/api/use-api";
import { Badge } from "@/components/badge";
import { Card } from "@/components/card";
import { Failed, Loading } from "@/components/states";
import { Table } from "@/components/table";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { texts } from "./messages";
import { healthOf } from "./health";
import { LastAnswer } from "./last-answer";
import type { Polled } from "./use-polled";

type Worker = Answer<"/v1/workers">["workers"][number];

/** How each worker is, every few seconds. */
export function WorkersCard({ answer }: { answer: Polled<Answer<"/v1/workers">> }) {
  const text = useMessages(texts);
  const format = useFormat();
  const { data, error, mutate } = answer;
  const unknown = <span className="text-muted">–</span>;
  const shown = <Value,>(value: Value | null, show: (value: Value) => string) => (value === null ? unknown : show(value));
  return (
    <Card title={text.workers} note={text.workersNote} flush>
      {error && !data ? (
        <Failed error={error} retry={() => void mutate()} />
      ) : !data ? (
        <Loading className="h-72" />
      ) : (
        <LastAnswer flush answer={answer}>
          <Table<Worker>
            caption={text.workers}
            rows={data.workers}
            rowKey={(row) => row.worker}
            columns={[
              { key: "worker", head: text.worker, cell: (row) => <span className="font-medium">{row.worker}</span> },
              {
                key: "state",
                head: text.state,
                cell: (row) => {
                  const health = healthOf(row);
                  return (
                    <span title={row.health ?? undefined}>
                      <Badge look={health === "good" ? "good" : health === "bad" ? "bad" : health === "late" ? "warn" : "plain"}>
                        {text.health[health]}
                      </Badge>
                    </span>
                  );
                },
              },
              { key: "lag", head: text.lag, figure: true, cell: (row) => format.number(row.lag) },
              { key: "rate", head: text.rate, figure: true, cell: (row) => shown(row.records_per_second, format.number) },
              {
                key: "until",
                head: text.completeUntil,
                figure: true,
                cell: (row) =>
                  row.complete_until === null ? unknown : (
                    <time dateTime={row.complete_until} title={format.exact(row.complete_until)}>
                      {row.lag === 0 ? text.now : format.dateTime(row.complete_until)}
                    </time>
                  ),
              },
              {
                key: "letters",
                head: text.letters,
                figure: true,
                cell: (row) =>
                  shown(row.dead_letters, String) === "0" || row.dead_letters === null ? (
                    shown(row.dead_letters, format.number)
                  ) : (
                    <a href="#dead-letters" className="text-bad hover:underline">
                      {format.number(row.dead_letters)}
                    </a>
                  ),
              },
              { key: "memory", head: text.memory, figure: true, cell: (row) => shown(row.resident_bytes, format.bytes) },
            ]}
          />
        </LastAnswer>
      )}
    </Card>
  );
}
