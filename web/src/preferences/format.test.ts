import { describe, expect, it } from "vitest";
import { formatFor } from "./format";

const plain = (text: string) => text.replaceAll(/[\u00a0\u202f]/g, " ");

describe("formats", () => {
  it("follow the reader's locale", () => {
    expect(formatFor("en-US").number(1_234_567.5)).toBe("1,234,567.5");
    expect(formatFor("de-DE").number(1_234_567.5)).toBe("1.234.567,5");
    expect(formatFor("de-AT").date("2026-03-01T12:00:00Z")).toContain("2026");
  });

  it("show small costs with the digits that matter", () => {
    expect(formatFor("en-US").cost(0.0123)).toBe("$0.0123");
    expect(formatFor("en-US").cost(12.345)).toBe("$12.35");
    expect(plain(formatFor("de-DE").cost(1234.5))).toBe("1.234,50 $");
  });

  it("show costs of a column with the same digits", () => {
    const { cents } = formatFor("en-US");
    expect([14.183, 0.1428, 0.004, 0].map(cents)).toEqual(["$14.18", "$0.14", "< $0.01", "$0.00"]);
  });

  it("shorten large numbers so that no other unit is read into them", () => {
    expect(formatFor("en-GB").compact(31_000_000)).toBe("31M");
    expect(formatFor("en-GB").duration(1_600)).toBe("1.6 sec");
    expect(formatFor("de-DE").compact(125_984.9)).toBe("125.985");
    expect(formatFor("de-DE").compact(2.25)).toBe("2,3");
  });

  it("take the unit that reads best", () => {
    const format = formatFor("en-US");
    expect(format.duration(250)).toBe("250 ms");
    expect(format.duration(90_000)).toBe("1.5 min");
    expect(format.bytes(0)).toBe("0 bytes");
    expect(format.bytes(2_500_000)).toBe("2.5 MB");
  });

  it("say how long ago something was", () => {
    const now = Date.parse("2026-03-01T12:00:00Z");
    expect(formatFor("en-US").ago("2026-03-01T09:00:00Z", now)).toBe("3 hours ago");
    expect(formatFor("de-DE").ago("2026-02-28T12:00:00Z", now)).toBe("gestern");
  });
});
