"use client";

import Link from "next/link";
import { periodNames } from "@/analysis/axis";
import { PeriodChart } from "@/analysis/period-chart";
import { sessionsAddress } from "@/address/pages";
import { useAddress, type Changes } from "@/address/use-address";
import { partIn, type Span } from "@/analysis/span";
import type { Answer } from "@/api/use-api";
import { ChartFrame } from "@/components/chart-frame";
import { Choice } from "@/components/choice";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { texts } from "./messages";

export type Period = Answer<"/v1/activity">["periods"][number];

const MEASURES = { messages: "messages", sessions: "sessions", tokens: "total_tokens", cost: "cost_usd", errors: "errors" } as const;
type Measure = keyof typeof MEASURES;
const isMeasure = (name: string | null): name is Measure => name !== null && name in MEASURES;

interface ActivityCardProps {
  periods: readonly Period[];
  span: Span;
  filters: Changes;
  className?: string;
}

/** What happened when, and the way to the sessions of each period. */
export function ActivityCard({ periods, span, filters, className }: ActivityCardProps) {
  const text = useMessages(texts);
  const format = useFormat();
  const { parameters, change } = useAddress();
  const stated = parameters.get("measure");
  const measure = isMeasure(stated) ? stated : "messages";
  const names = periodNames(format.locale, span.unit);
  const href = (row: Period) => sessionsAddress({ ...filters, ...partIn(span, row) });
  const shown = (value: number) => (measure === "cost" ? format.cost(value) : format.number(value));
  return (
    <ChartFrame
      className={className}
      title={text.activity}
      note={text.units[span.unit]}
      controls={
        <Choice
          quiet
          legend={text.measure}
          value={measure}
          options={(Object.keys(MEASURES) as Measure[]).map((value) => ({ value, label: text[value] }))}
          onChange={(value) => change({ measure: value === "messages" ? null : value })}
        />
      }
      rows={periods.filter((row) => row.sessions > 0)}
      rowKey={(row) => row.since}
      columns={[
        {
          key: "begin",
          head: text.begin,
          cell: (row) => (
            <Link href={href(row)} className="text-accent hover:underline">
              {names.long(row.since)}
            </Link>
          ),
        },
        { key: "sessions", head: text.sessions, figure: true, cell: (row) => format.number(row.sessions) },
        { key: "messages", head: text.messages, figure: true, cell: (row) => format.number(row.messages) },
        { key: "tokens", head: text.tokens, figure: true, cell: (row) => format.number(row.total_tokens) },
        { key: "cost", head: text.cost, figure: true, cell: (row) => format.cents(row.cost_usd) },
        { key: "errors", head: text.errors, figure: true, cell: (row) => format.number(row.errors) },
      ]}
    >
      <PeriodChart
        rows={periods.map((row) => ({ since: row.since, href: href(row), values: { [measure]: row[MEASURES[measure]] } }))}
        series={[{ key: measure, name: text[measure] }]}
        names={names}
        format={shown}
        axis={(value) => (measure === "cost" ? format.cost(value) : format.compact(value))}
      />
    </ChartFrame>
  );
}
