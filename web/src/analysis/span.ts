import { boundsOf, type Range } from "@/address/use-range";

export type Unit = "hour" | "day" | "week" | "month";

/** What of the sessions is looked at, as the API takes it: whole periods of the reader's clock. */
export interface Span {
  /** ISO 8601, or so long ago, as the API reads it; without one, from the beginning. */
  since?: string;
  /** ISO 8601, or so long ago, as the API reads it; without one, up to now. */
  until?: string;
  zone: string;
  unit: Unit;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** More bars than this can't be told apart. */
const MOST_PERIODS = 800;

/** The span that a range of the address means, beginning where a period does, so that no first bar is cut. */
export function spanOf(range: Range, zone: string, now: Date): Span {
  if (range.since === null && range.until === null) return { zone, unit: "month" };
  const ago = /^(\d+)(h|d)$/.exec(range.since ?? "");
  if (ago && range.until === null) {
    const [count, unit] = [Number(ago[1]), ago[2]];
    if (unit === "h") return { since: shifted(now, "hour", 1 - count).toISOString(), zone, unit: "hour" };
    const wanted = unitFor(count * DAY);
    return { since: startOf(shifted(now, "day", 1 - count), wanted).toISOString(), zone, unit: wanted };
  }
  const { since, until } = boundsOf(range);
  const begin = momentOf(since);
  const unit = begin ? unitFor((momentOf(until) ?? now).getTime() - begin.getTime()) : "month";
  return { since, until, zone, unit };
}

/** A moment of a span; undefined where the API alone reads it, such as 30m. */
function momentOf(text: string | undefined): Date | undefined {
  const moment = new Date(text ?? "");
  return Number.isNaN(moment.getTime()) ? undefined : moment;
}

/** The periods in which so much time is read best. */
function unitFor(length: number): Unit {
  if (length <= 2 * DAY) return "hour";
  if (length <= 100 * DAY) return "day";
  return length <= 500 * DAY ? "week" : "month";
}

/** The begin of the period that a moment is in, by the reader's clock; a week begins on Monday. */
export function startOf(moment: Date, unit: Unit): Date {
  const [year, month, day] = [moment.getFullYear(), moment.getMonth(), moment.getDate()];
  switch (unit) {
    case "hour":
      // Counted back, as an hour that the clock has twice begins twice.
      return new Date(moment.getTime() - moment.getMinutes() * MINUTE - (moment.getTime() % MINUTE));
    case "day":
      return new Date(year, month, day);
    case "week":
      return new Date(year, month, day - ((moment.getDay() + 6) % 7));
    case "month":
      return new Date(year, month, 1);
  }
}

/** The begin of the period so many after the one that a moment is in: a day may have 23 hours, or begin at one o'clock. */
export function shifted(moment: Date, unit: Unit, count: number): Date {
  if (unit === "hour") return startOf(new Date(moment.getTime() + count * HOUR), unit);
  const later = startOf(moment, unit);
  if (unit === "month") later.setMonth(later.getMonth() + count);
  else later.setDate(later.getDate() + count * (unit === "week" ? 7 : 1));
  return startOf(later, unit);
}

/** The part of a period that lies in a span: a span of days may begin within a week. */
export function partIn(span: Span, period: { since: string; until: string }): { since: string; until: string } {
  const [begin, end] = [momentOf(span.since), momentOf(span.until)];
  return {
    since: begin && begin > new Date(period.since) ? begin.toISOString() : period.since,
    until: end && end < new Date(period.until) ? end.toISOString() : period.until,
  };
}

/**
 * The periods of a chart, those in which nothing happened too.
 *
 * @param found What happened, by time.
 * @param empty What a period is in which nothing did.
 */
export function filled<Row extends { since: string; until: string }>(
  found: readonly Row[],
  span: Span,
  now: Date,
  empty: (since: string, until: string) => Row,
): Row[] {
  const first = momentOf(span.since) ?? momentOf(found[0]?.since);
  if (first === undefined) return [];
  const end = Math.max((momentOf(span.until) ?? now).getTime(), momentOf(found.at(-1)?.until)?.getTime() ?? 0);
  // Of a midnight that a clock has twice the server may mean the other one.
  const known = new Map(found.map((row) => [startOf(new Date(row.since), span.unit).getTime(), row]));
  const all: Row[] = [];
  for (let begin = startOf(first, span.unit); begin.getTime() < end; ) {
    const next = shifted(begin, span.unit, 1);
    all.push(known.get(begin.getTime()) ?? empty(begin.toISOString(), next.toISOString()));
    if (all.length > MOST_PERIODS) return [...found];
    begin = next;
  }
  return all;
}
