"use client";

import { Table } from "@/components/table";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { texts } from "./messages";
import type { Task, TaskRequest } from "./use-tasks";

interface Check {
  store: string;
  dataset: string;
  expected: number;
  stored: number;
  dead_lettered: number;
  discarded: number;
  missing: number;
  surplus: number;
  altered: number;
}

interface Verified {
  equal: boolean;
  records: number;
  read: number;
  sessions: number;
  checks: Check[];
  differences: { store: string; dataset: string; kind: string; record_id: string; detail: string }[];
  more_differences: number;
}

interface TaskResultProps {
  request: TaskRequest;
  result: NonNullable<Task["result"]>;
}

/** What a task came to: the API leaves the shape to its kind. */
export function TaskResult({ request, result }: TaskResultProps) {
  const text = useMessages(texts);
  const format = useFormat();
  const number = (name: string) => Number(result[name] ?? 0);
  const count = (name: string) => format.number(number(name));
  switch (request.kind) {
    case "verify":
      return <VerifyResult found={result as unknown as Verified} />;
    case "rebuild":
      if (request.what === "embeddings") return <p className="text-muted">{text.serves(String(result.space))}</p>;
      return <p className="text-muted">{text.rebuiltFrom(text.events(number("read"), count("read")), text.records(number("written"), count("written")))}</p>;
    case "redrive":
      return <p className="text-muted">{text.redriven(count("processed"), count("overtaken"), count("refused"))}</p>;
    case "discard":
      return <p className="text-muted">{text.discarded(count("discarded"))}</p>;
  }
}

function VerifyResult({ found }: { found: Verified }) {
  const text = useMessages(texts);
  const format = useFormat();
  const total = found.differences.length + found.more_differences;
  const differences = text.differences(total, format.number(total));
  return (
    <>
      <p className={found.equal ? "text-good" : "text-bad"}>
        {found.equal
          ? text.equal(text.records(found.records, format.number(found.records)), text.sessions(found.sessions, format.number(found.sessions)))
          : differences}
      </p>
      <details className="mt-1">
        <summary className="w-fit text-muted hover:text-ink">{text.details}</summary>
        <div className="-mx-5 mt-2">
          <Table
            caption={text.checked}
            rows={found.checks}
            rowKey={(row) => `${row.store}/${row.dataset}`}
            columns={[
              { key: "dataset", head: text.dataset, cell: (row) => `${row.store} · ${row.dataset}` },
              { key: "expected", head: text.expected, figure: true, cell: (row) => format.number(row.expected) },
              { key: "stored", head: text.stored, figure: true, cell: (row) => format.number(row.stored) },
              { key: "aside", head: text.setAside, figure: true, cell: (row) => format.number(row.dead_lettered + row.discarded) },
              {
                key: "wrong",
                head: text.wrong,
                figure: true,
                cell: (row) => format.number(row.missing + row.surplus + row.altered),
              },
            ]}
          />
        </div>
        {found.differences.length > 0 && (
          <ul className="mt-2 max-h-60 overflow-y-auto text-bad" tabIndex={0} aria-label={differences}>
            {found.differences.map((each) => (
              <li key={`${each.store}/${each.dataset}/${each.record_id}`} className="break-words">
                {each.kind}: {each.store} {each.dataset} {each.record_id} {each.detail}
              </li>
            ))}
          </ul>
        )}
      </details>
    </>
  );
}
