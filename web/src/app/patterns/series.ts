import type { Answer } from "@/api/use-api";

export type ModelPeriod = Answer<"/v1/patterns/models">["periods"][number];
export type Measure = "total_tokens" | "calls" | "cost_usd";

/** As many colours as are told apart; the last one is that of all others. */
const MOST_SERIES = 8;
export const OTHERS = "\u0000others";

export interface ModelSeries {
  /** `provider/model`, or OTHERS. */
  key: string;
  total: number;
}

export const keyOf = (row: ModelPeriod) => `${row.provider}/${row.model}`;

/** The models that a chart shows apart, the one with most first, and all others as one. */
export function seriesOf(periods: readonly ModelPeriod[], measure: Measure): ModelSeries[] {
  const totals = new Map<string, number>();
  for (const row of periods) totals.set(keyOf(row), (totals.get(keyOf(row)) ?? 0) + row[measure]);
  const all = [...totals].map(([key, total]) => ({ key, total })).sort((a, b) => b.total - a.total || a.key.localeCompare(b.key));
  if (all.length <= MOST_SERIES) return all;
  const rest = all.slice(MOST_SERIES - 1);
  return [...all.slice(0, MOST_SERIES - 1), { key: OTHERS, total: rest.reduce((sum, each) => sum + each.total, 0) }];
}

/** What each series has in each period, by its begin. */
export function valuesOf(periods: readonly ModelPeriod[], series: readonly ModelSeries[], measure: Measure): Map<string, Record<string, number>> {
  const apart = new Set(series.map((each) => each.key));
  const found = new Map<string, Record<string, number>>();
  for (const row of periods) {
    const values = found.get(row.since) ?? {};
    const key = apart.has(keyOf(row)) ? keyOf(row) : OTHERS;
    values[key] = (values[key] ?? 0) + row[measure];
    found.set(row.since, values);
  }
  return found;
}
