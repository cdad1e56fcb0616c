"use client";

import { useRouter } from "next/navigation";
import { useState } from "react";
import { namedOf, ticksOf } from "./scale";
import { useNarrow } from "./use-narrow";

export interface PeriodRow {
  since: string;
  href: string;
  values: Readonly<Record<string, number>>;
}

interface PeriodChartProps {
  rows: readonly PeriodRow[];
  /** From the bottom up; eight at most have colours of their own. */
  series: readonly { key: string; name: string }[];
  names: { short: (at: string) => string; long: (at: string) => string };
  format: (value: number) => string;
  /** A value beside the scale. */
  axis: (value: number) => string;
}

/** Names below the bars that fit on a phone, and beyond. */
const NAMES = { narrow: 4, wide: 12 };
/** Of the bars, from left to right: what comes after this is near the edge. */
const LAST = 0.9;

/**
 * Bars over time, one above the other where there are several series; a click leads to what is behind a bar.
 *
 * Drawn by ourselves: a library of charts has half of the script that a page may have.
 */
export function PeriodChart({ rows, series, names, format, axis }: PeriodChartProps) {
  const router = useRouter();
  const isNarrow = useNarrow();
  const [pointed, setPointed] = useState<number | null>(null);
  const totals = rows.map((row) => series.reduce((sum, { key }) => sum + (row.values[key] ?? 0), 0));
  const ticks = ticksOf(Math.max(0, ...totals));
  const top = ticks.at(-1) ?? 1;
  const most = isNarrow ? NAMES.narrow : NAMES.wide;
  const named = new Set(namedOf(rows.length, most));
  // Where each bar has a name it is below its middle; else it begins with its bar, and near the edge it ends with it.
  const alignmentOf = (place: number) =>
    rows.length <= most ? "justify-center" : place / rows.length > LAST ? "justify-end" : "";
  return (
    <div className="relative grid h-64 grid-cols-[auto_minmax(0,1fr)] grid-rows-[minmax(0,1fr)_1.5rem] gap-x-2 pt-2 text-xs text-muted">
      <div className="relative min-w-9 text-right">
        {/* As wide as the widest, though each has its own place. */}
        {ticks.map((tick) => (
          <span key={tick} className="block h-0 overflow-hidden">
            {axis(tick)}
          </span>
        ))}
        {ticks.map((tick) => (
          <span key={tick} className="absolute right-0 translate-y-1/2 leading-none" style={{ bottom: `${(tick / top) * 100}%` }}>
            {axis(tick)}
          </span>
        ))}
      </div>
      <div className="relative" onMouseLeave={() => setPointed(null)}>
        {ticks.map((tick) => (
          <span key={tick} className="absolute inset-x-0 h-px bg-line" style={{ bottom: `${(tick / top) * 100}%` }} />
        ))}
        <div className="absolute inset-0 flex">
          {rows.map((row, place) => (
            <span
              key={row.since}
              onMouseEnter={() => setPointed(place)}
              onClick={() => router.push(row.href)}
              className={`flex h-full min-w-0 flex-1 cursor-pointer flex-col-reverse items-center ${pointed === place ? "bg-sunken/70" : ""}`}
            >
              {series.map(({ key }, layer) => {
                const value = row.values[key] ?? 0;
                return value > 0 ? (
                  <span
                    key={key}
                    className="w-[82%] max-w-12 min-w-px last:rounded-t-[3px]"
                    style={{ height: `${(value / top) * 100}%`, background: `var(--color-series-${(layer % 8) + 1})` }}
                  />
                ) : null;
              })}
            </span>
          ))}
        </div>
        {pointed !== null && rows[pointed] && (
          <Shown row={rows[pointed]} series={series} name={names.long} format={format} place={pointed / Math.max(1, rows.length - 1)} />
        )}
      </div>
      <div className="col-start-2 flex pt-1.5">
        {rows.map((row, place) => (
          <span key={row.since} className={`flex min-w-0 flex-1 ${alignmentOf(place)}`}>
            {named.has(place) && <span className="shrink-0 whitespace-nowrap">{names.short(row.since)}</span>}
          </span>
        ))}
      </div>
    </div>
  );
}

interface ShownProps {
  row: PeriodRow;
  series: PeriodChartProps["series"];
  name: (at: string) => string;
  format: (value: number) => string;
  /** How far to the right the bar is, of 1. */
  place: number;
}

/** The figures of the bar under the pointer, on the side where there is room. */
function Shown({ row, series, name, format, place }: ShownProps) {
  const shown = series.length === 1 ? series : series.filter(({ key }) => row.values[key]);
  return (
    <div
      className="pointer-events-none absolute top-1 z-10 w-max max-w-64 rounded-lg border border-line bg-surface px-3 py-2 text-sm text-ink shadow-lg"
      style={place > 0.5 ? { right: `calc(${(1 - place) * 100}% + 1.5rem)` } : { left: `calc(${place * 100}% + 1.5rem)` }}
    >
      <p className="mb-1 font-medium">{name(row.since)}</p>
      {[...shown].reverse().map((each) => (
        <p key={each.key} className="flex items-center gap-2">
          {series.length > 1 && (
            <span className="size-2 shrink-0 rounded-full" style={{ background: `var(--color-series-${(series.indexOf(each) % 8) + 1})` }} />
          )}
          <span className="truncate text-muted">{each.name}</span>
          <span className="ml-auto pl-3 tabular-nums">{format(row.values[each.key] ?? 0)}</span>
        </p>
      ))}
    </div>
  );
}
