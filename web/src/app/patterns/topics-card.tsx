"use client";

import Link from "next/link";
import { sessionsAddress } from "@/address/pages";
import { addressOf } from "@/address/use-address";
import { periodNames } from "@/analysis/axis";
import { texts as shared } from "@/analysis/messages";
import { partIn } from "@/analysis/span";
import { isOfBefore, useApi } from "@/api/use-api";
import { Card } from "@/components/card";
import { Empty, Failed, Loading } from "@/components/states";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import type { Given } from "./given";
import { texts } from "./messages";

/** Days would have too few sessions, and a list of hours is too long. */
const UNITS = { hour: "day", day: "week", week: "month", month: "month" } as const;

/** Filters of what sessions did: no message in which a person says a word passes them. */
const NOT_OF_WORDS = { role: null, model: null, tool: null, failed: null };

/** What people talk about, period by period, the latest first. */
export function TopicsCard(given: Given) {
  const text = useMessages(texts);
  const common = useMessages(shared);
  const format = useFormat();
  const unit = UNITS[given.span.unit];
  const query = { ...given.filters, ...given.span, unit };
  const answer = useApi("/v1/patterns/topics", { params: { query } }, { keepPreviousData: true });
  const { data, error, mutate } = answer;
  const names = periodNames(format.locale, unit);
  const periods = data ? [...data.periods].reverse().filter((period) => period.terms.length > 0) : [];
  return (
    <Card title={text.topics} note={text.topicsNote} busy={isOfBefore(answer)} className={given.className}>
      {error ? (
        <Failed error={error} retry={() => void mutate()} />
      ) : !data ? (
        <Loading className="h-72" />
      ) : periods.length === 0 ? (
        <Empty title={text.noTopics}>{text.noTopicsHint}</Empty>
      ) : (
        <ol className="flex flex-col divide-y divide-line">
          {periods.map((period) => {
            const within = { ...given.filters, ...partIn(given.span, period) };
            return (
              <li key={period.since} className="grid gap-x-6 gap-y-1.5 py-3 first:pt-0 last:pb-0 sm:grid-cols-[10rem_minmax(0,1fr)]">
                <p className="text-sm">
                  <Link href={sessionsAddress(within)} className="font-medium hover:text-accent">
                    {names.long(period.since)}
                  </Link>
                  <span className="block text-muted">{common.sessionsOf(period.sessions, format.number(period.sessions))}</span>
                </p>
                <ul className="flex flex-wrap items-baseline gap-x-4 gap-y-1">
                  {period.terms.map((term, place) => (
                    <li key={term.term}>
                      <Link
                        href={addressOf("/search", { q: term.term, ...within, ...NOT_OF_WORDS })}
                        title={common.sessionsOf(term.sessions, format.number(term.sessions))}
                        className={`hover:text-accent hover:underline ${place < 3 ? "text-base font-medium" : "text-sm text-muted"}`}
                      >
                        {term.term}
                      </Link>
                    </li>
                  ))}
                </ul>
              </li>
            );
          })}
        </ol>
      )}
    </Card>
  );
}
