import { describe, expect, it } from "vitest";
import { addressOf } from "./use-address";
import { boundOf, boundsOf, periodOf, rangeOf } from "./use-range";

describe("a range in the address", () => {
  it("is the page's own where the address names none", () => {
    expect(rangeOf(null, null, "30d")).toEqual({ since: "30d", until: null });
  });

  it("has no beginning where all is asked for, or only an end", () => {
    expect(rangeOf("all", null, "30d")).toEqual({ since: null, until: null });
    expect(rangeOf(null, "2026-03-01", "30d")).toEqual({ since: null, until: "2026-03-01" });
  });

  it("is a period, or days", () => {
    expect(periodOf({ since: "7d", until: null })).toBe("7d");
    expect(periodOf({ since: null, until: null })).toBe("all");
    expect(periodOf({ since: "2026-03-01", until: null })).toBeNull();
    expect(periodOf({ since: null, until: "2026-03-01" })).toBeNull();
  });
});

describe("the bounds that the API is asked for", () => {
  it("are those of the reader's days, the last one included, and what the API reads itself", () => {
    const [begin, end] = [new Date(2026, 2, 1), new Date(2026, 3, 1)].map((moment) => moment.toISOString());
    expect(boundsOf({ since: "2026-03-01", until: "2026-03-31" })).toEqual({ since: begin, until: end });
    expect(boundsOf({ since: "7d", until: null })).toEqual({ since: "7d", until: undefined });
    expect(boundsOf({ since: null, until: end ?? null })).toEqual({ since: undefined, until: end });
  });
});

describe("a bound of a range", () => {
  const midnight = (day: number) => new Date(2026, 2, day).toISOString();

  it("is a day where it is a midnight here, of an end the day before", () => {
    expect(boundOf(midnight(3))).toEqual({ at: "2026-03-03", kind: "day" });
    expect(boundOf(midnight(1), true)).toEqual({ at: "2026-02-28", kind: "day" });
    expect(boundOf("2026-03-01", true)).toEqual({ at: "2026-03-01", kind: "day" });
  });

  it("is a moment else, or what it says", () => {
    const noon = new Date(2026, 2, 1, 12).toISOString();
    expect(boundOf(noon)).toEqual({ at: noon, kind: "moment" });
    expect(boundOf("7d")).toEqual({ at: "7d", kind: "text" });
    expect(boundOf(null)).toBeNull();
  });
});

describe("this year", () => {
  const now = new Date(2026, 10, 29);

  it("begins on the first of January, in whatever year it is read", () => {
    expect(rangeOf("year", null, "30d", now)).toEqual({ since: "2026-01-01", until: null });
    expect(periodOf({ since: "2026-01-01", until: null }, now)).toBe("year");
    expect(periodOf({ since: "2025-01-01", until: null }, now)).toBeNull();
  });
});

describe("an address", () => {
  it("keeps what is not changed, and drops what is emptied", () => {
    const now = new URLSearchParams("q=disk+full&agent=main");
    expect(addressOf("/search", { agent: null, model: "opus" }, now)).toBe("/search?q=disk+full&model=opus");
    expect(addressOf("/search", { q: "", agent: "" }, now)).toBe("/search");
  });
});
