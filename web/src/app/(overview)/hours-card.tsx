"use client";

import { useState } from "react";
import { hourNames, weekdayNames } from "@/analysis/axis";
import { Examples } from "@/analysis/examples";
import { texts as shared } from "@/analysis/messages";
import type { Answer } from "@/api/use-api";
import { ChartFrame } from "@/components/chart-frame";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { texts } from "./messages";

type Hour = Answer<"/v1/activity">["hours"][number];

const DAYS = [1, 2, 3, 4, 5, 6, 7];
const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
/** Hours that are named below the columns. */
const NAMED = [0, 6, 12, 18];

/** When in the week it is busy. */
export function HoursCard({ hours = [], className }: { hours?: readonly Hour[]; className?: string }) {
  const text = useMessages(texts);
  const common = useMessages(shared);
  const format = useFormat();
  const [chosen, setChosen] = useState<{ weekday: number; hour: number } | null>(null);
  const cells = new Map(hours.map((row) => [keyOf(row.weekday, row.hour), row]));
  const at = (weekday: number, hour: number): Hour =>
    cells.get(keyOf(weekday, hour)) ?? { weekday, hour, messages: 0, sessions: 0, examples: [] };
  const most = Math.max(1, ...hours.map((row) => row.messages));
  const [weekday, long, hourName] = [weekdayNames(format.locale), weekdayNames(format.locale, "long"), hourNames(format.locale)];
  const named = (row: Hour) =>
    text.cell(
      long(row.weekday),
      hourName(row.hour),
      text.messagesOf(row.messages, format.number(row.messages)),
      common.sessionsOf(row.sessions, format.number(row.sessions)),
    );
  const selected = chosen && at(chosen.weekday, chosen.hour);
  return (
    <ChartFrame
      className={className}
      title={text.hours}
      note={text.hoursNote}
      rows={[...hours]}
      rowKey={(row) => keyOf(row.weekday, row.hour)}
      columns={[
        { key: "weekday", head: text.weekday, cell: (row) => long(row.weekday) },
        { key: "hour", head: text.hour, cell: (row) => hourName(row.hour) },
        { key: "messages", head: text.messages, figure: true, cell: (row) => format.number(row.messages) },
        { key: "sessions", head: text.sessions, figure: true, cell: (row) => format.number(row.sessions) },
        { key: "examples", head: common.examples, cell: (row) => <Examples sessions={row.examples} /> },
      ]}
      below={
        <p aria-live="polite" className="min-h-11 pt-3 text-sm text-muted">
          {selected ? (
            <>
              {named(selected)}
              {selected.examples.length > 0 && (
                <>
                  {" · "}
                  {text.suchAs} <Examples sessions={selected.examples} />
                </>
              )}
            </>
          ) : (
            text.pickCell
          )}
        </p>
      }
    >
      <div className="grid grid-cols-[2.25rem_repeat(24,minmax(0,1fr))] gap-[2px] text-xs text-muted">
        {DAYS.map((day) => [
          <span key={day} className="flex items-center">
            {weekday(day)}
          </span>,
          ...HOURS.map((hour) => {
            const row = at(day, hour);
            const isChosen = chosen?.weekday === day && chosen.hour === hour;
            return (
              <span
                key={keyOf(day, hour)}
                title={named(row)}
                onClick={() => setChosen({ weekday: day, hour })}
                className={`h-6 rounded-[3px] cursor-pointer bg-sunken hover:outline-2 hover:outline-accent sm:h-7 ${isChosen ? "outline-2 outline-accent" : ""}`}
                style={row.messages === 0 ? undefined : { background: `color-mix(in oklab, var(--color-series-1) ${shade(row.messages / most)}%, var(--color-sunken))` }}
              />
            );
          }),
        ])}
        <span />
        {NAMED.map((hour) => (
          <span key={hour} className="col-span-6 pt-1">
            {hourName(hour)}
          </span>
        ))}
      </div>
    </ChartFrame>
  );
}

const keyOf = (weekday: number, hour: number) => `${weekday}-${hour}`;

/** So that little differs from nothing, and a single busy hour does not pale all others. */
const shade = (share: number) => Math.round(12 + 88 * Math.sqrt(share));
