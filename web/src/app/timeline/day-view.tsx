"use client";

import { ChevronLeft, ChevronRight } from "lucide-react";
import Link from "next/link";
import { addressOf, useAddress } from "@/address/use-address";
import { sessionAddress, sessionsAddress } from "@/address/pages";
import { useFilters } from "@/address/use-filters";
import { FilterBar } from "@/analysis/filter-bar";
import { shifted, startOf } from "@/analysis/span";
import { isOfBefore, useApi } from "@/api/use-api";
import { buttonLook } from "@/components/button";
import { Card } from "@/components/card";
import { ChartFrame } from "@/components/chart-frame";
import { Figure } from "@/components/figure";
import { PageHead } from "@/components/page-head";
import { SessionName } from "@/components/session-name";
import { Empty, Failed, Loading } from "@/components/states";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { dayName, dayOf } from "./days";
import { DayChart } from "./day-chart";
import { texts } from "./messages";

/** A day across agents: who was at work when, and what overlapped. */
export function DayView() {
  const text = useMessages(texts);
  const format = useFormat();
  const filters = useFilters();
  const { parameters, change } = useAddress();
  const stated = dayOf(parameters.get("day"));
  // Without a day, the last one on which something happened.
  const latest = useApi(stated ? null : "/v1/stats", { params: { query: filters.query } });
  const last = latest.data?.last_at;
  const day = stated ?? (last ? dayOf(dayName(new Date(last))) : latest.data ? dayOf(dayName(new Date())) : null);
  const until = day && shifted(day, "day", 1);
  const bounds = day && until ? { since: day.toISOString(), until: until.toISOString() } : null;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const timeline = useApi(
    bounds && "/v1/timeline",
    { params: { query: { ...filters.query, ...bounds, zone } } },
    { keepPreviousData: true },
  );
  const to = (moved: Date) => addressOf("/timeline", { ...filters.query, day: dayName(moved) });
  const data = timeline.data;
  const failed = [latest, timeline].find(({ error }) => error !== undefined);
  const busy = isOfBefore(timeline);
  // Until a day is answered the one before stands there, with its own hours.
  const shown = busy && data?.stretches[0] ? startOf(new Date(data.stretches[0].begin), "day") : day;

  return (
    <>
      <PageHead
        title={text.title}
        actions={
          // As large before the day is known, so that nothing moves.
          !day ? (
            <div className="h-9 w-64" />
          ) : (
            <div className="flex items-center gap-2">
              <Link href={to(shifted(day, "day", -1))} className={buttonLook()} aria-label={text.dayBefore}>
                <ChevronLeft aria-hidden className="size-4" />
              </Link>
              <label>
                <span className="sr-only">{text.day}</span>
                <input
                  type="date"
                  value={dayName(day)}
                  onChange={(event) => event.target.value && change({ day: event.target.value }, "push")}
                  className="rounded-lg border border-line bg-surface px-2.5 py-1.5 text-sm"
                />
              </label>
              <Link href={to(shifted(day, "day", 1))} className={buttonLook()} aria-label={text.dayAfter}>
                <ChevronRight aria-hidden className="size-4" />
              </Link>
            </div>
          )
        }
      >
        {text.whatDay}
      </PageHead>
      {bounds ? <FilterBar filters={filters} range={bounds} /> : <div className="mb-4 h-[2.625rem]" />}
      {failed?.error ? (
        <Card>
          <Failed error={failed.error} retry={() => void failed.mutate()} />
        </Card>
      ) : !data || !shown || !bounds ? (
        <Loading className="h-96" />
      ) : data.stretches.length === 0 ? (
        <Card busy={busy}>
          <Empty title={text.quietDay}>
            <Link href={addressOf("/timeline", filters.query)} className="text-accent hover:underline">
              {text.toLatest}
            </Link>
          </Empty>
        </Card>
      ) : (
        <div aria-busy={busy} className="flex flex-col gap-4">
          <div className="grid grid-cols-2 gap-3 lg:grid-cols-4">
            <Figure
              label={text.sessions}
              value={format.number(new Set(data.stretches.map((each) => each.session_id)).size)}
              href={sessionsAddress({ ...filters.query, ...bounds })}
            />
            <Figure label={text.busy} value={format.duration(data.busy_ms)} note={text.busyNote} href={sessionsAddress({ ...filters.query, ...bounds })} />
            <Figure
              label={text.atOnce}
              value={format.number(data.most_at_once)}
              note={text.atOnceNote}
              href={sessionsAddress({ ...filters.query, ...bounds })}
            />
            <Figure
              label={text.overlap}
              value={data.overlap_ms === 0 ? text.never : format.duration(data.overlap_ms)}
              note={text.overlapNote}
              href={sessionsAddress({ ...filters.query, ...bounds })}
            />
          </div>
          <ChartFrame
            title={format.date(shown)}
            note={text.dayNote(format.duration(data.quiet_ms))}
            rows={data.stretches}
            rowKey={(row) => `${row.session_id}-${row.begin}`}
            columns={[
              { key: "begin", head: text.begin, cell: (row) => format.time(row.begin) },
              {
                key: "session",
                head: text.session,
                cell: (row) => (
                  <Link href={addressOf("/timeline", { session: row.session_id })} className="text-accent hover:underline">
                    <SessionName session={row} />
                  </Link>
                ),
              },
              { key: "agent", head: text.agent, cell: (row) => row.agent_id ?? text.nobody },
              { key: "channel", head: text.channel, cell: (row) => row.channel ?? "–" },
              { key: "length", head: text.length, figure: true, cell: (row) => format.duration(Date.parse(row.end) - Date.parse(row.begin)) },
              { key: "messages", head: text.messages, figure: true, cell: (row) => format.number(row.messages) },
              {
                key: "errors",
                head: text.errors,
                figure: true,
                cell: (row) => <span className={row.errors ? "text-bad" : "text-muted"}>{format.number(row.errors)}</span>,
              },
              {
                key: "read",
                head: text.conversation,
                cell: (row) => (
                  <Link href={sessionAddress(row.session_id)} className="text-accent hover:underline">
                    {text.read}
                  </Link>
                ),
              },
            ]}
            below={!data.complete && <p className="pt-3 text-sm text-warn">{text.incomplete}</p>}
          >
            <DayChart stretches={data.stretches} begin={shown.getTime()} end={shifted(shown, "day", 1).getTime()} />
          </ChartFrame>
        </div>
      )}
    </>
  );
}
