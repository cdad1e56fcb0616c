"use client";

import Link from "next/link";
import { sessionsAddress } from "@/address/pages";
import { addressOf } from "@/address/use-address";
import { periodNames } from "@/analysis/axis";
import { useApi } from "@/api/use-api";
import { Card } from "@/components/card";
import { Empty, Failed, Loading } from "@/components/states";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { here, type Given } from "./given";
import { texts } from "./messages";

/** Days would have too few sessions, and a list of hours is too long. */
const UNITS = { hour: "day", day: "week", week: "month", month: "month" } as const;

/** What people talk about, period by period, the latest first. */
export function TopicsCard(given: Given) {
  const text = useMessages(texts);
  const format = useFormat();
  const unit = UNITS[given.span.unit];
  const { data, error, mutate } = useApi(
    "/v1/patterns/topics",
    { params: { query: { ...given.filters, ...given.span, unit } } },
    { keepPreviousData: true },
  );
  const names = periodNames(format.locale, unit);
  const periods = data ? [...data.periods].reverse().filter((period) => period.terms.length > 0) : [];
  return (
    <Card title={text.topics} note={text.topicsNote} className={given.className}>
      {error && !data ? (
        <Failed error={error} retry={() => void mutate()} />
      ) : !data ? (
        <Loading className="h-72" />
      ) : periods.length === 0 ? (
        <Empty title={text.noTopics}>{text.noTopicsHint}</Empty>
      ) : (
        <ol className="flex flex-col divide-y divide-line">
          {periods.map((period) => {
            const within = { ...here(given), since: period.since, until: period.until };
            return (
              <li key={period.since} className="grid gap-x-6 gap-y-1.5 py-3 first:pt-0 last:pb-0 sm:grid-cols-[10rem_minmax(0,1fr)]">
                <p className="text-sm">
                  <Link href={sessionsAddress(within)} className="font-medium hover:text-accent">
                    {names.long(period.since)}
                  </Link>
                  <span className="block text-muted">{text.sessionsOf(format.number(period.sessions))}</span>
                </p>
                <ul className="flex flex-wrap items-baseline gap-x-4 gap-y-1">
                  {period.terms.map((term, place) => (
                    <li key={term.term}>
                      <Link
                        href={addressOf("/search", { q: term.term, ...within })}
                        title={text.sessionsOf(format.number(term.sessions))}
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
