import { describe, expect, it } from "vitest";
import { healthOf, shareDone } from "./health";

describe("a worker", () => {
  it("is well where it says so", () => {
    expect(healthOf({ lag: 0, state: "running", health: "ready" })).toBe("good");
    expect(healthOf({ lag: 9, state: "running", health: "waits for PostgreSQL" })).toBe("late");
    expect(healthOf({ lag: 0, state: "dead", health: "" })).toBe("bad");
  });

  it("is not judged where it runs elsewhere", () => {
    expect(healthOf({ lag: 0, state: null, health: null })).toBe("elsewhere");
  });
});

it("progress is told only where it is known how much there is", () => {
  expect(shareDone(25, 75)).toBe(0.25);
  expect(shareDone(0, 0)).toBe(1);
  expect(shareDone(null, 10)).toBeNull();
});
