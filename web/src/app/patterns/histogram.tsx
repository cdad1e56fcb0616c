"use client";

import { useState } from "react";
import { Examples } from "@/analysis/examples";
import { texts as shared } from "@/analysis/messages";
import { ticksOf } from "@/analysis/scale";
import type { Answer } from "@/api/use-api";
import { ChartFrame } from "@/components/chart-frame";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { texts } from "./messages";

type Bar = Answer<"/v1/patterns/sessions">["messages"][number];

interface HistogramProps {
  title: string;
  note: string;
  /** What is counted. */
  unit: string;
  bars: readonly Bar[];
  /** A border between two bars. */
  edge: (value: number) => string;
  /** A bar that stands for one value. */
  single?: (bar: Bar) => string | null;
  className?: string;
  busy: boolean;
}

/** Bars of unequal ranges, with sessions that stand for each. */
export function Histogram({ title, note, unit, bars, edge, single = () => null, className, busy }: HistogramProps) {
  const text = useMessages(texts);
  const common = useMessages(shared);
  const format = useFormat();
  const [chosen, setChosen] = useState<number | null>(null);
  // Whole numbers are counted: no line stands between two of them.
  const ticks = ticksOf(Math.max(0, ...bars.map((bar) => bar.count)), 3).filter(Number.isInteger);
  const top = ticks.at(-1) || 1;
  const named = (bar: Bar) =>
    single(bar) ?? (bar.below === null ? text.atLeast(edge(bar.at_least)) : `${edge(bar.at_least)} – ${edge(bar.below)}`);
  const selected = bars.find((bar) => bar.at_least === chosen && bar.count > 0);
  return (
    <ChartFrame
      className={className}
      busy={busy}
      title={title}
      note={note}
      rows={bars}
      rowKey={(bar) => String(bar.at_least)}
      columns={[
        { key: "range", head: text.rangeOf, cell: named },
        { key: "count", head: unit, figure: true, cell: (bar) => format.number(bar.count) },
        { key: "examples", head: common.examples, cell: (bar) => <Examples sessions={bar.examples} /> },
      ]}
      below={
        <p aria-live="polite" className="min-h-11 pt-3 text-sm text-muted">
          {selected ? (
            <>
              {named(selected)}: {format.number(selected.count)} · <Examples sessions={selected.examples} />
            </>
          ) : (
            text.pickBar
          )}
        </p>
      }
    >
      <div className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-2 pt-2">
        <div className="relative h-36 text-right text-[0.6875rem] text-muted">
          {/* As wide as the widest, though each has its own place. */}
          {ticks.map((tick) => (
            <span key={tick} className="block h-0 overflow-hidden">
              {format.compact(tick)}
            </span>
          ))}
          {ticks.map((tick) => (
            <span key={tick} className="absolute right-0 translate-y-1/2 leading-none" style={{ bottom: `${(tick / top) * 100}%` }}>
              {format.compact(tick)}
            </span>
          ))}
        </div>
        <div className="relative flex h-36 items-end gap-1 border-b border-line">
          {ticks.slice(1).map((tick) => (
            <span key={tick} className="pointer-events-none absolute inset-x-0 h-px bg-line" style={{ bottom: `${(tick / top) * 100}%` }} />
          ))}
          {bars.map((bar) => (
            <span
              key={bar.at_least}
              title={`${named(bar)}: ${format.number(bar.count)}`}
              onClick={() => setChosen(bar.at_least)}
              className="relative flex h-full flex-1 cursor-pointer items-end hover:bg-sunken/60"
            >
              <span
                className={`w-full rounded-t-[3px] ${chosen === bar.at_least ? "bg-series-2" : "bg-series-1"}`}
                style={{ height: bar.count === 0 ? 0 : `max(2px, ${(bar.count / top) * 100}%)` }}
              />
            </span>
          ))}
        </div>
        <div className="col-start-2 flex gap-1 pt-1 text-[0.6875rem] leading-tight text-muted">
          {bars.map((bar, place) => (
            <span key={bar.at_least} className="flex-1 whitespace-nowrap">
              {place % 2 === 0 && place < bars.length - 1 && <span className="block w-0">{edge(bar.at_least)}</span>}
            </span>
          ))}
        </div>
      </div>
    </ChartFrame>
  );
}
