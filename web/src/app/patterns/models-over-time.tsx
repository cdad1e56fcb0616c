"use client";

import Link from "next/link";
import { sessionsAddress } from "@/address/pages";
import { useAddress } from "@/address/use-address";
import { periodNames } from "@/analysis/axis";
import { PeriodChart } from "@/analysis/period-chart";
import { filled, partIn } from "@/analysis/span";
import { isOfBefore, useApi } from "@/api/use-api";
import { Card } from "@/components/card";
import { ChartFrame } from "@/components/chart-frame";
import { Choice } from "@/components/choice";
import { Empty, Failed, Loading } from "@/components/states";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { here, type Given } from "./given";
import { texts } from "./messages";
import { keyOf, OTHERS, seriesOf, valuesOf, type Measure } from "./series";

const MEASURES: readonly Measure[] = ["total_tokens", "calls", "cost_usd"];

/** Which models answered when. */
export function ModelsOverTime({ now, ...given }: Given & { now: Date }) {
  const text = useMessages(texts);
  const format = useFormat();
  const { parameters, change } = useAddress();
  const measure = MEASURES.find((each) => each === parameters.get("measure")) ?? "total_tokens";
  const { span, filters } = given;
  const answer = useApi("/v1/patterns/models", { params: { query: { ...filters, ...span } } }, { keepPreviousData: true });
  const { data, error, mutate } = answer;
  const periods = data?.periods ?? [];
  const series = seriesOf(periods, measure);
  const values = valuesOf(periods, series, measure);
  const begins = periods.map(({ since, until }) => ({ since, until }));
  const rows = filled(begins, span, now, (since, until) => ({ since, until }));
  const names = periodNames(format.locale, span.unit);
  const shown = (value: number) => (measure === "cost_usd" ? format.cost(value) : format.number(value));
  const nameOf = (key: string) => (key === OTHERS ? text.others : (key.split("/").slice(1).join("/") || key));
  const about = { title: text.models, note: text.units[span.unit], className: given.className, busy: isOfBefore(answer) };
  if (!data && !error) {
    // As high as the chart will be with one row of names below it.
    return (
      <ChartFrame {...about} rows={[]} rowKey={String} columns={[]} below={<div className="h-9" />}>
        <Loading className="h-64" />
      </ChartFrame>
    );
  }
  if (error || !data || periods.length === 0) {
    return (
      <Card {...about}>
        {error ? <Failed error={error} retry={() => void mutate()} /> : <Empty title={text.noModels} />}
      </Card>
    );
  }
  return (
    <ChartFrame
      {...about}
      controls={
        <Choice
          quiet
          legend={text.measure}
          value={measure}
          options={MEASURES.map((value) => ({ value, label: text.measures[value] }))}
          onChange={(value) => change({ measure: value === "total_tokens" ? null : value })}
        />
      }
      rows={periods}
      rowKey={(row) => `${row.since} ${keyOf(row)}`}
      columns={[
        {
          key: "period",
          head: text.period,
          cell: (row) => (
            <Link
              href={sessionsAddress({ ...filters, ...partIn(span, row), model: keyOf(row) })}
              className="text-accent hover:underline"
            >
              {names.long(row.since)}
            </Link>
          ),
        },
        { key: "model", head: text.model, cell: keyOf },
        { key: "sessions", head: text.sessions, figure: true, cell: (row) => format.number(row.sessions) },
        { key: "calls", head: text.measures.calls, figure: true, cell: (row) => format.number(row.calls) },
        { key: "tokens", head: text.measures.total_tokens, figure: true, cell: (row) => format.number(row.total_tokens) },
        { key: "cost", head: text.measures.cost_usd, figure: true, cell: (row) => format.cents(row.cost_usd) },
      ]}
      below={
        <ul className="flex flex-wrap gap-x-5 gap-y-1.5 pt-3 text-sm">
          {series.map(({ key, total }, place) => (
            <li key={key} className="flex items-center gap-2">
              <span aria-hidden className="size-2.5 rounded-[3px]" style={{ background: `var(--color-series-${place + 1})` }} />
              {key === OTHERS ? (
                text.others
              ) : (
                <Link href={sessionsAddress({ ...here(given), model: key })} className="hover:text-accent">
                  {nameOf(key)}
                </Link>
              )}
              <span className="text-muted tabular-nums">{measure === "cost_usd" ? format.cents(total) : format.compact(total)}</span>
            </li>
          ))}
        </ul>
      }
    >
      <PeriodChart
        rows={rows.map((row) => ({
          since: row.since,
          href: sessionsAddress({ ...filters, ...partIn(span, row) }),
          values: values.get(row.since) ?? {},
        }))}
        series={series.map(({ key }) => ({ key, name: nameOf(key) }))}
        names={names}
        format={shown}
        axis={(value) => (measure === "cost_usd" ? format.cost(value) : format.compact(value))}
      />
    </ChartFrame>
  );
}
