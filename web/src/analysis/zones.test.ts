import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { boundOf, boundsOf } from "@/address/use-range";
import { filled, shifted, spanOf, startOf, type Unit } from "./span";

const own = process.env.TZ;
afterAll(() => {
  process.env.TZ = own;
});

/** The begins of the bars of a chart, and what each has of one thing that the server found. */
function bars(range: { since: string; until: string | null }, now: string, found: string): [string, number][] {
  const span = spanOf(range, process.env.TZ ?? "", new Date(now));
  const rows = [{ since: found, until: shifted(new Date(found), span.unit, 1).toISOString(), messages: 7 }];
  return filled(rows, span, new Date(now), (since, until) => ({ since, until, messages: 0 })).map((row) => [row.since, row.messages]);
}

describe("where clocks are half an hour beside the others", () => {
  beforeEach(() => {
    process.env.TZ = "Asia/Kolkata";
  });

  it("an hour begins when the clock there says so, as the server cuts it", () => {
    const day = bars({ since: "24h", until: null }, "2026-03-18T09:50:00Z", "2026-03-18T08:30:00.000Z");
    expect(day).toHaveLength(24);
    expect(day.at(-1)).toEqual(["2026-03-18T09:30:00.000Z", 0]);
    expect(day.at(-2)).toEqual(["2026-03-18T08:30:00.000Z", 7]);
  });
});

describe("where clocks are put forward at midnight", () => {
  beforeEach(() => {
    process.env.TZ = "Africa/Cairo";
  });

  it("every other day begins at midnight, as the server cuts it", () => {
    // There was no midnight of the 24th of April 2026: it began at one o'clock, UTC+3.
    const days = bars({ since: "2026-04-23", until: "2026-04-26" }, "2026-05-01T00:00:00Z", "2026-04-24T21:00:00.000Z");
    expect(days.map(([since]) => since)).toEqual([
      "2026-04-22T22:00:00.000Z",
      "2026-04-23T22:00:00.000Z",
      "2026-04-24T21:00:00.000Z",
      "2026-04-25T21:00:00.000Z",
    ]);
    expect(days[2]?.[1]).toBe(7);
  });

  it("that day ends at midnight, and is a day", () => {
    const day = boundsOf({ since: "2026-04-24", until: "2026-04-24" });
    expect(day).toEqual({ since: "2026-04-23T22:00:00.000Z", until: "2026-04-24T21:00:00.000Z" });
    expect(boundOf(day.since ?? null)).toEqual({ at: "2026-04-24", kind: "day" });
    expect(boundOf(day.until ?? null, true)).toEqual({ at: "2026-04-24", kind: "day" });
  });
});

describe("where clocks have a midnight twice", () => {
  it("the day has what the server counts from its second midnight", () => {
    process.env.TZ = "America/Havana";
    const days = bars({ since: "2026-10-31", until: "2026-11-02" }, "2026-12-01T00:00:00Z", "2026-11-01T05:00:00.000Z");
    expect(days.map(([, messages]) => messages)).toEqual([0, 7, 0]);
  });
});

it.each(["Australia/Lord_Howe", "America/Havana", "Africa/Cairo"])("in %s periods follow one another without end", (zone) => {
  process.env.TZ = zone;
  for (const unit of ["hour", "day", "week", "month"] satisfies Unit[]) {
    let begin = startOf(new Date("2025-12-31T12:00:00Z"), unit);
    while (begin < new Date("2027-01-01T00:00:00Z")) {
      const next = shifted(begin, unit, 1);
      expect(next.getTime()).toBeGreaterThan(begin.getTime());
      begin = next;
    }
  }
});
