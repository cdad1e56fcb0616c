import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Looks } from "./looks";

describe("Looks", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  function recorded() {
    const seen: { at: number; from: number; reshaped: boolean }[] = [];
    const begun = Date.now();
    return { seen, looks: new Looks((from, reshaped) => seen.push({ at: Date.now() - begun, from, reshaped })) };
  }

  it("looks soon, and again for what the stores get later", () => {
    const { seen, looks } = recorded();
    looks.add(7, false);
    vi.advanceTimersByTime(60_000);
    expect(seen.map(({ at }) => at)).toEqual([100, 400, 1_000, 2_500, 6_000]);
    expect(new Set(seen.map(({ from }) => from))).toEqual(new Set([7]));
  });

  it("looks ten times a second, no more, while lines come without a pause", () => {
    const { seen, looks } = recorded();
    for (let line = 1; line <= 400; line++) {
      looks.add(line, false);
      vi.advanceTimersByTime(25);
    }
    expect(seen.length).toBeGreaterThan(80);
    expect(seen.length).toBeLessThanOrEqual(100);
    // What was told of more than six seconds ago is in the stores.
    expect(seen.at(-1)?.from).toBeGreaterThan(100);
  });

  it("reads the whole as long as something of it may not be there", () => {
    const { seen, looks } = recorded();
    looks.add(9, true);
    vi.advanceTimersByTime(50);
    looks.add(10, false);
    vi.advanceTimersByTime(20_000);
    looks.add(11, false);
    vi.advanceTimersByTime(20_000);
    expect(seen[0]).toEqual({ at: 100, from: 9, reshaped: true });
    expect(seen.at(-1)).toMatchObject({ from: 11, reshaped: false });
  });

  it("looks no more when it is stopped", () => {
    const { seen, looks } = recorded();
    looks.add(1, false);
    looks.stop();
    vi.advanceTimersByTime(20_000);
    expect(seen).toEqual([]);
  });
});
