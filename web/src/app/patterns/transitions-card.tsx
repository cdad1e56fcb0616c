"use client";

import Link from "next/link";
import { useMemo, useState } from "react";
import { sessionsAddress } from "@/address/pages";
import { Examples } from "@/analysis/examples";
import { texts as shared } from "@/analysis/messages";
import { useNarrow } from "@/analysis/use-narrow";
import { useApi } from "@/api/use-api";
import { Card } from "@/components/card";
import { ChartFrame } from "@/components/chart-frame";
import { Empty, Failed, Loading } from "@/components/states";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { graphOf, SIZES, type Transition } from "./graph";
import { here, type Given } from "./given";
import { texts } from "./messages";
import { TransitionGraph } from "./transition-graph";

/** As many as stand below the graph of a tool that was chosen. */
const BELOW = 6;

/** How tools follow one another. */
export function TransitionsCard(given: Given) {
  const text = useMessages(texts);
  const common = useMessages(shared);
  const format = useFormat();
  const [chosen, setChosen] = useState<string | null>(null);
  const { data, error, mutate } = useApi(
    "/v1/patterns/tools",
    { params: { query: { ...given.filters, ...given.span } } },
    { keepPreviousData: true },
  );
  const isNarrow = useNarrow();
  const graph = useMemo(() => graphOf(data?.transitions ?? [], isNarrow ? SIZES.narrow : SIZES.wide), [data, isNarrow]);
  const success = (row: Transition) =>
    row.succeeded + row.failed ? format.percent(row.succeeded / (row.succeeded + row.failed)) : "–";
  if (!data || data.transitions.length === 0) {
    return (
      <Card title={text.transitions} note={text.transitionsNote} className={given.className}>
        {error ? (
          <Failed error={error} retry={() => void mutate()} />
        ) : data ? (
          <Empty title={text.noTools}>{text.noToolsHint}</Empty>
        ) : (
          <Loading className="h-[28rem]" />
        )}
      </Card>
    );
  }
  const tool = chosen !== null && graph.nodes.some((node) => node.name === chosen) ? chosen : null;
  const following = data.transitions.filter((row) => row.source === tool).slice(0, BELOW);
  return (
    <ChartFrame
      className={given.className}
      title={text.transitions}
      note={text.transitionsNote}
      rows={data.transitions}
      rowKey={(row) => `${row.source ?? ""} ${row.target}`}
      columns={[
        { key: "source", head: text.source, cell: (row) => row.source ?? <span className="text-muted">{text.first}</span> },
        {
          key: "target",
          head: text.target,
          cell: (row) => (
            <Link href={sessionsAddress({ ...here(given), tool: row.target })} className="text-accent hover:underline">
              {row.target}
            </Link>
          ),
        },
        { key: "calls", head: text.calls, figure: true, cell: (row) => format.number(row.calls) },
        { key: "success", head: text.success, figure: true, cell: success },
        { key: "sessions", head: text.sessions, figure: true, cell: (row) => format.number(row.sessions) },
        { key: "examples", head: common.examples, cell: (row) => <Examples sessions={row.examples} /> },
      ]}
      below={
        <div aria-live="polite" className="min-h-12 pt-3 text-sm text-muted">
          {tool === null ? (
            text.pickTool
          ) : (
            <>
              <p>{following.length > 0 ? text.afterTool(tool) : text.lastTool(tool)}</p>
              <ul className="mt-1 grid gap-x-6 gap-y-1 sm:grid-cols-2 xl:grid-cols-3">
                {following.map((row) => (
                  <li key={row.target} className="flex flex-wrap items-baseline gap-x-2">
                    <Link href={sessionsAddress({ ...here(given), tool: row.target })} className="text-ink hover:text-accent">
                      {row.target}
                    </Link>
                    <span className="tabular-nums">
                      {text.times(format.number(row.calls))} · {success(row)}
                    </span>
                    <Examples sessions={row.examples.slice(0, 1)} />
                  </li>
                ))}
              </ul>
            </>
          )}
        </div>
      }
    >
      <TransitionGraph graph={graph} chosen={tool} onChoose={setChosen} />
    </ChartFrame>
  );
}
