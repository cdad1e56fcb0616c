"use client";

import Link from "next/link";
import { useMemo, useState } from "react";
import { sessionsAddress } from "@/address/pages";
import { Examples } from "@/analysis/examples";
import { texts as shared } from "@/analysis/messages";
import { useNarrow } from "@/analysis/use-narrow";
import { isOfBefore, useApi } from "@/api/use-api";
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
  const answer = useApi("/v1/patterns/tools", { params: { query: { ...given.filters, ...given.span } } }, { keepPreviousData: true });
  const { data, error, mutate } = answer;
  const isNarrow = useNarrow();
  const size = isNarrow ? SIZES.narrow : SIZES.wide;
  const graph = useMemo(() => graphOf(data?.transitions ?? [], size), [data, size]);
  const success = (row: Transition) =>
    row.succeeded + row.failed ? format.percent(row.succeeded / (row.succeeded + row.failed)) : "–";
  const about = { title: text.transitions, note: text.transitionsNote, className: given.className, busy: isOfBefore(answer) };
  if (!data && !error) {
    // As high as the graph will be, so that nothing below it moves.
    return (
      <ChartFrame {...about} rows={[]} rowKey={String} columns={[]} below={<div className="min-h-12" />}>
        <div className="mx-auto flex w-full max-w-4xl items-center" style={{ aspectRatio: `${size.width} / ${size.height}` }}>
          <Loading className="w-full" />
        </div>
      </ChartFrame>
    );
  }
  if (error || !data || data.transitions.length === 0) {
    return (
      <Card {...about}>
        {error ? <Failed error={error} retry={() => void mutate()} /> : <Empty title={text.noTools}>{text.noToolsHint}</Empty>}
      </Card>
    );
  }
  const tool = chosen !== null && graph.nodes.some((node) => node.name === chosen) ? chosen : null;
  const following = data.transitions.filter((row) => row.source === tool).slice(0, BELOW);
  return (
    <ChartFrame
      {...about}
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
            <>
              {text.pickTool} {graph.nodes.length < graph.tools && text.someTools(graph.nodes.length, graph.tools)}
            </>
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
                      {text.callsOf(row.calls, format.number(row.calls))} · {text.succeeded(success(row))}
                    </span>
                    <span>
                      {text.suchAs} <Examples sessions={row.examples.slice(0, 1)} />
                    </span>
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
