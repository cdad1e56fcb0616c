"use client";

import { useMemo } from "react";
import { useAddress } from "./use-address";

export const PERIODS = ["24h", "7d", "30d", "90d", "year", "365d", "all"] as const;
export type Period = (typeof PERIODS)[number];

/** The period from the first of January, as the address names it: it means another day next year. */
const THIS_YEAR = "year";

/** A range of time as the address has it: `since` and `until` are days, moments, or so long ago; null is without bound. */
export interface Range {
  since: string | null;
  until: string | null;
}

/** A range in the address (`since`, `until`); of `fallback` nothing stands there. */
export function useRange(fallback: Period = "30d") {
  const { parameters, change } = useAddress();
  const since = parameters.get("since");
  const until = parameters.get("until");

  return useMemo(() => {
    const range = rangeOf(since, until, fallback);
    return {
      ...range,
      /** The parameters of a query. */
      query: boundsOf(range),
      period: periodOf(range),
      choosePeriod: (period: Period) => change({ since: period === fallback ? null : period, until: null }, "push"),
      chooseDays: (days: Range) => change({ since: days.since, until: days.until }, "push"),
    };
  }, [since, until, fallback, change]);
}

export function rangeOf(since: string | null, until: string | null, fallback: Period, now: Date = new Date()): Range {
  const wanted = since ?? (until === null ? fallback : null);
  if (wanted === THIS_YEAR) return { since: firstOf(now), until };
  return { since: wanted === "all" ? null : wanted, until };
}

/** The period that a range is, or null where it is one of days. */
export function periodOf(range: Range, now: Date = new Date()): Period | null {
  if (range.until !== null) return null;
  if (range.since === firstOf(now)) return THIS_YEAR;
  if (range.since === null) return "all";
  return PERIODS.find((period) => period === range.since) ?? null;
}

/**
 * The bounds of a range as the API takes them; one that is undefined is none.
 *
 * Days begin and end by the reader's clock: left to the API, they would by that of its machine.
 */
export function boundsOf({ since, until }: Range): { since?: string; until?: string } {
  return { since: midnight(since) ?? since ?? undefined, until: midnight(until, 1) ?? until ?? undefined };
}

/** The moment at which a day begins, or one so many days after it; null where a text is no day. */
function midnight(text: string | null, after = 0): string | null {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text ?? "") ?? [];
  return day ? new Date(Number(year), Number(month) - 1, Number(day) + after).toISOString() : null;
}

/** A bound of a range as its reader sees it. */
export interface Bound {
  /** A day, such as 2026-03-01, a moment, or another text, such as 7d, as the address has it. */
  at: string;
  kind: "day" | "moment" | "text";
}

/**
 * A bound of the address; null where there is none. A moment at which a day begins by the reader's clock is that day.
 *
 * @param isEnd Of an end at which a day begins the day before is the last one.
 */
export function boundOf(stated: string | null, isEnd = false): Bound | null {
  if (stated === null) return null;
  if (/^\d{4}-\d{2}-\d{2}$/.test(stated)) return { at: stated, kind: "day" };
  const moment = new Date(stated);
  if (Number.isNaN(moment.getTime())) return { at: stated, kind: "text" };
  const begin = new Date(moment.getFullYear(), moment.getMonth(), moment.getDate());
  if (begin.getTime() !== moment.getTime()) return { at: stated, kind: "moment" };
  if (isEnd) moment.setDate(moment.getDate() - 1);
  const [month, day] = [moment.getMonth() + 1, moment.getDate()].map((number) => String(number).padStart(2, "0"));
  return { at: `${moment.getFullYear()}-${month}-${day}`, kind: "day" };
}

/** The first day of a moment's year. */
const firstOf = (moment: Date) => `${String(moment.getFullYear()).padStart(4, "0")}-01-01`;
