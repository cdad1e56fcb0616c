import type { Range } from "@/address/use-range";

export type Unit = "hour" | "day" | "week" | "month";

/** What of the sessions is looked at, as the API takes it: whole periods of the reader's clock. */
export interface Span {
  /** ISO 8601; without one, from the beginning. */
  since?: string;
  /** ISO 8601; without one, up to now. */
  until?: string;
  zone: string;
  unit: Unit;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** More bars than this can't be told apart. */
const MOST_PERIODS = 800;

/** The span that a range of the address means, beginning where a period does, so that no first bar is cut. */
export function spanOf(range: Range, zone: string, now: Date): Span {
  if (range.since === null && range.until === null) return { zone, unit: "month" };
  const ago = /^(\d+)(h|d)$/.exec(range.since ?? "");
  if (ago && range.until === null) {
    const [count, unit] = [Number(ago[1]), ago[2]];
    if (unit === "h") return { since: startOf(shifted(now, "hour", 1 - count), "hour").toISOString(), zone, unit: "hour" };
    const first = startOf(shifted(now, "day", 1 - count), "day");
    const wanted = unitFor(count * DAY);
    return { since: startOf(first, wanted).toISOString(), zone, unit: wanted };
  }
  const since = range.since === null ? undefined : dayOf(range.since);
  const until = range.until === null ? undefined : dayOf(range.until);
  const end = until && /^\d{4}-\d{2}-\d{2}$/.test(range.until ?? "") ? shifted(until, "day", 1) : until;
  const unit = since ? unitFor((end ?? now).getTime() - since.getTime()) : "month";
  return { since: since?.toISOString(), until: end?.toISOString(), zone, unit };
}

/** A text of the address as a moment: a day is its begin, by the reader's clock. */
function dayOf(text: string): Date | undefined {
  const day = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  const moment = day ? new Date(Number(day[1]), Number(day[2]) - 1, Number(day[3])) : new Date(text);
  return Number.isNaN(moment.getTime()) ? undefined : moment;
}

/** The periods in which so much time is read best. */
function unitFor(length: number): Unit {
  if (length <= 2 * DAY) return "hour";
  if (length <= 100 * DAY) return "day";
  return length <= 500 * DAY ? "week" : "month";
}

/** The begin of the period that a moment is in; a week begins on Monday. */
export function startOf(moment: Date, unit: Unit): Date {
  const [year, month, day] = [moment.getFullYear(), moment.getMonth(), moment.getDate()];
  switch (unit) {
    case "hour":
      return new Date(moment.getTime() - (moment.getTime() % HOUR));
    case "day":
      return new Date(year, month, day);
    case "week":
      return new Date(year, month, day - ((moment.getDay() + 6) % 7));
    case "month":
      return new Date(year, month, 1);
  }
}

/** A moment some periods later, by the reader's clock: a day may have 23 hours. */
export function shifted(moment: Date, unit: Unit, count: number): Date {
  if (unit === "hour") return new Date(moment.getTime() + count * HOUR);
  const later = new Date(moment);
  if (unit === "month") later.setMonth(later.getMonth() + count);
  else later.setDate(later.getDate() + count * (unit === "week" ? 7 : 1));
  return later;
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
  const first = span.since ?? found[0]?.since;
  if (first === undefined) return [];
  const end = Math.max(Date.parse(span.until ?? now.toISOString()), Date.parse(found.at(-1)?.until ?? first));
  const known = new Map(found.map((row) => [Date.parse(row.since), row]));
  const all: Row[] = [];
  for (let begin = startOf(new Date(first), span.unit); begin.getTime() < end; ) {
    const next = shifted(begin, span.unit, 1);
    all.push(known.get(begin.getTime()) ?? empty(begin.toISOString(), next.toISOString()));
    if (all.length > MOST_PERIODS) return [...found];
    begin = next;
  }
  return all;
}
