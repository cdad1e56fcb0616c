import type { Unit } from "./span";

const FORMATS: Record<Unit, { short: Intl.DateTimeFormatOptions; long: Intl.DateTimeFormatOptions }> = {
  hour: { short: { hour: "numeric" }, long: { dateStyle: "medium", timeStyle: "short" } },
  day: { short: { day: "numeric", month: "short" }, long: { weekday: "short", day: "numeric", month: "long", year: "numeric" } },
  week: { short: { day: "numeric", month: "short" }, long: { day: "numeric", month: "long", year: "numeric" } },
  month: { short: { month: "short", year: "2-digit" }, long: { month: "long", year: "numeric" } },
};

/** What is written below a bar, and what stands above it in full. */
export function periodNames(locale: string, unit: Unit): { short: (at: string) => string; long: (at: string) => string } {
  const short = new Intl.DateTimeFormat(locale, FORMATS[unit].short);
  const long = new Intl.DateTimeFormat(locale, FORMATS[unit].long);
  return { short: (at) => short.format(new Date(at)), long: (at) => long.format(new Date(at)) };
}

/** Monday is 1. */
export function weekdayNames(locale: string, weekday: "long" | "short" = "short"): (day: number) => string {
  const name = new Intl.DateTimeFormat(locale, { weekday, timeZone: "UTC" });
  // 5 January 1970 was a Monday.
  return (day) => name.format(new Date(Date.UTC(1970, 0, 4 + day)));
}

/** 0 to 23. */
export function hourNames(locale: string): (hour: number) => string {
  const name = new Intl.DateTimeFormat(locale, { hour: "numeric", timeZone: "UTC" });
  return (hour) => name.format(new Date(Date.UTC(1970, 0, 1, hour)));
}
