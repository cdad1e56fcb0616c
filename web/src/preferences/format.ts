/** How long ago, in the largest unit that fits. */
const AGES: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 365 * 86_400_000],
  ["month", 30 * 86_400_000],
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1_000],
];
const CENT = 0.01;
const BYTE_UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

export type Format = ReturnType<typeof formatFor>;

/** Numbers, dates and durations in a locale, times in the reader's time zone. */
export function formatFor(locale: string) {
  // What is short in other Englishes is read as something else: "31m" tokens, "1.6 secs".
  const short = locale.startsWith("en") ? "en" : locale;
  const number = new Intl.NumberFormat(locale);
  const compact = new Intl.NumberFormat(short, { notation: "compact", maximumFractionDigits: 1 });
  const percent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 });
  const money = new Intl.NumberFormat(locale, { style: "currency", currency: "USD" });
  const date = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
  const time = new Intl.DateTimeFormat(locale, { timeStyle: "medium" });
  const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
  const exact = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "long" });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  const measured = (value: number, unit: string, digits: number) =>
    new Intl.NumberFormat(short, {
      style: "unit",
      unit,
      unitDisplay: unit === "byte" ? "long" : "short",
      maximumFractionDigits: digits,
    }).format(value);

  return {
    locale,
    /** 12,345 */
    number: (value: number) => number.format(value),
    /** 12.3K; a language that does not shorten thousands has none of their fractions. */
    compact: (value: number) => compact.format(Math.abs(value) < 100 ? value : Math.round(value)),
    /** 0.123 as 12.3% */
    percent: (share: number) => percent.format(share),
    /** US dollars, small amounts with more digits. */
    cost: (dollars: number) =>
      new Intl.NumberFormat(locale, {
        style: "currency",
        currency: "USD",
        maximumFractionDigits: dollars !== 0 && Math.abs(dollars) < 1 ? 4 : 2,
      }).format(dollars),
    /** US dollars in whole cents, as they stand below one another; what is less than one says so. */
    cents: (dollars: number) => (dollars > 0 && dollars < CENT ? `< ${money.format(CENT)}` : money.format(dollars)),
    bytes: (count: number) => {
      const power = count < 1 ? 0 : Math.min(Math.floor(Math.log10(count) / 3), BYTE_UNITS.length - 1);
      return measured(count / 1000 ** power, BYTE_UNITS[power] ?? "byte", 1);
    },
    /** Milliseconds in the unit that reads best. */
    duration: (ms: number) => {
      if (ms < 1_000) return measured(ms, "millisecond", 0);
      if (ms < 60_000) return measured(ms / 1_000, "second", 1);
      if (ms < 3_600_000) return measured(ms / 60_000, "minute", 1);
      if (ms < 86_400_000) return measured(ms / 3_600_000, "hour", 1);
      return measured(ms / 86_400_000, "day", 1);
    },
    date: (at: string | number | Date) => date.format(new Date(at)),
    time: (at: string | number | Date) => time.format(new Date(at)),
    dateTime: (at: string | number | Date) => dateTime.format(new Date(at)),
    /** With weekday, seconds and time zone, for a tooltip. */
    exact: (at: string | number | Date) => exact.format(new Date(at)),
    /** 3 hours ago */
    ago: (at: string | number | Date, now: number) => {
      const difference = new Date(at).getTime() - now;
      const [unit, size] = AGES.find(([, length]) => Math.abs(difference) >= length) ?? ["second", 1_000];
      return relative.format(Math.trunc(difference / size), unit);
    },
  };
}
