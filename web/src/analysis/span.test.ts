import { describe, expect, it } from "vitest";
import { filled, partIn, shifted, spanOf, startOf } from "./span";

const zone = "UTC";
const now = new Date(2026, 2, 18, 15, 20);
const at = (...parts: [number, number, number, number?]) => new Date(...parts).toISOString();

describe("a span", () => {
  it("begins with a whole period, and has as many as were asked for", () => {
    expect(spanOf({ since: "7d", until: null }, zone, now)).toEqual({ since: at(2026, 2, 12), zone, unit: "day" });
    expect(spanOf({ since: "24h", until: null }, zone, now).since).toBe(at(2026, 2, 17, 16));
    expect(spanOf({ since: "24h", until: null }, zone, now).unit).toBe("hour");
  });

  it("is cut into weeks and months where days would be too many", () => {
    const year = spanOf({ since: "365d", until: null }, zone, now);
    expect(year.unit).toBe("week");
    expect(new Date(year.since ?? "").getDay()).toBe(1);
    expect(spanOf({ since: null, until: null }, zone, now)).toEqual({ zone, unit: "month" });
  });

  it("includes its last day", () => {
    const march = spanOf({ since: "2026-03-01", until: "2026-03-31" }, zone, now);
    expect(march).toEqual({ since: at(2026, 2, 1), until: at(2026, 3, 1), zone, unit: "day" });
  });
});

describe("periods", () => {
  const empty = (since: string, until: string) => ({ since, until, messages: 0 });

  it("have no holes", () => {
    const found = [{ since: at(2026, 2, 14), until: at(2026, 2, 15), messages: 5 }];
    const span = spanOf({ since: "7d", until: null }, zone, now);
    expect(filled(found, span, now, empty).map((row) => row.messages)).toEqual([0, 0, 5, 0, 0, 0, 0]);
  });

  it("begin with the first thing that happened where no beginning is set", () => {
    const found = [{ since: at(2025, 10, 1), until: at(2025, 11, 1), messages: 5 }];
    expect(filled(found, { zone, unit: "month" }, now, empty)).toHaveLength(5);
    expect(filled([], { zone, unit: "month" }, now, empty)).toEqual([]);
  });

  it("lead only to what of them lies in the span", () => {
    const span = spanOf({ since: "2025-11-05", until: "2026-03-10" }, zone, now);
    const week = (year: number, month: number, day: number) => ({ since: at(year, month, day), until: at(year, month, day + 7) });
    expect(span.unit).toBe("week");
    expect(partIn(span, week(2025, 10, 3))).toEqual({ since: at(2025, 10, 5), until: at(2025, 10, 10) });
    expect(partIn(span, week(2025, 10, 10))).toEqual(week(2025, 10, 10));
    expect(partIn(span, week(2026, 2, 9))).toEqual({ since: at(2026, 2, 9), until: at(2026, 2, 11) });
  });

  it("are those of the calendar", () => {
    expect(startOf(new Date(2026, 2, 1, 12), "week")).toEqual(new Date(2026, 1, 23));
    expect(shifted(new Date(2026, 0, 1), "month", 1)).toEqual(new Date(2026, 1, 1));
  });
});
