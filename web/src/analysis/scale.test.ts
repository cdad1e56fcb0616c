import { describe, expect, it } from "vitest";
import { namedOf, ticksOf } from "./scale";

describe("a scale", () => {
  it("has round numbers, and room for the largest", () => {
    expect(ticksOf(297)).toEqual([0, 100, 200, 300]);
    expect(ticksOf(4)).toEqual([0, 1, 2, 3, 4]);
    expect(ticksOf(0.031)).toEqual([0, 0.01, 0.02, 0.03, 0.04]);
    expect(ticksOf(2_000_000)).toEqual([0, 500_000, 1_000_000, 1_500_000, 2_000_000]);
  });

  it("is there where nothing is", () => {
    expect(ticksOf(0)).toEqual([0, 1]);
  });

  it("names as many bars as have room", () => {
    expect(namedOf(10, 4)).toEqual([0, 3, 6, 9]);
    expect(namedOf(3, 8)).toEqual([0, 1, 2]);
    expect(namedOf(0, 8)).toEqual([]);
  });
});
