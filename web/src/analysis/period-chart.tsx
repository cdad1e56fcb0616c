"use client";

import { useRouter } from "next/navigation";
import { Bar, BarChart, CartesianGrid, Tooltip, XAxis, YAxis, ResponsiveContainer } from "recharts";

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
  axis: (value: number) => string;
}

const colour = (place: number) => `var(--color-series-${(place % 8) + 1})`;
const TICK = { fill: "var(--color-muted)", fontSize: 12 };

/** Bars over time; a click leads to what is behind a bar. */
export default function PeriodChart({ rows, series, names, format, axis }: PeriodChartProps) {
  const router = useRouter();
  return (
    <ResponsiveContainer width="100%" height="100%">
      <BarChart
        data={[...rows]}
        accessibilityLayer={false}
        margin={{ top: 4, right: 0, bottom: 0, left: 0 }}
        barCategoryGap="18%"
        className="cursor-pointer"
        onClick={(state) => {
          const row = rows[Number(state.activeTooltipIndex)];
          if (row) router.push(row.href);
        }}
      >
        <CartesianGrid vertical={false} stroke="var(--color-line)" />
        <XAxis
          dataKey="since"
          tickFormatter={names.short}
          tickLine={false}
          axisLine={{ stroke: "var(--color-line)" }}
          tick={TICK}
          minTickGap={24}
        />
        <YAxis tickFormatter={axis} tickLine={false} axisLine={false} tick={TICK} width={52} allowDecimals={false} />
        <Tooltip
          cursor={{ fill: "var(--color-sunken)" }}
          isAnimationActive={false}
          content={({ active, label, payload }) =>
            active && payload.length > 0 ? (
              <div className="rounded-lg border border-line bg-surface px-3 py-2 text-sm shadow-lg">
                <p className="mb-1 font-medium">{names.long(String(label))}</p>
                <ul>
                  {[...payload].reverse().map((entry) => (
                    <li key={String(entry.name)} className="flex items-center gap-2">
                      {series.length > 1 && <span className="size-2 rounded-full" style={{ background: entry.color }} />}
                      <span className="text-muted">{entry.name}</span>
                      <span className="ml-auto pl-3 tabular-nums">{format(Number(entry.value))}</span>
                    </li>
                  ))}
                </ul>
              </div>
            ) : null
          }
        />
        {series.map((each, place) => (
          <Bar
            key={each.key}
            dataKey={(row: PeriodRow) => row.values[each.key] ?? 0}
            name={each.name}
            stackId="all"
            fill={colour(place)}
            maxBarSize={48}
            radius={place === series.length - 1 ? [3, 3, 0, 0] : 0}
            isAnimationActive={false}
          />
        ))}
      </BarChart>
    </ResponsiveContainer>
  );
}
