import { describe, expect, it } from "vitest";
import { atOnce, lanesOf, type Stretch } from "./lanes";

const at = (minute: number) => new Date(Date.UTC(2026, 2, 1, 0, minute)).toISOString();
const stretch = (agent_id: string | null, begin: number, end: number): Stretch => ({
  session_id: `${agent_id}-${begin}`,
  title: null,
  agent_id,
  channel: null,
  parent_session_id: null,
  begin: at(begin),
  end: at(end),
  messages: 1,
  model_calls: 0,
  errors: 0,
  total_tokens: 0,
});

describe("lanes", () => {
  it("are as few as let no bar cover another", () => {
    const lanes = lanesOf([stretch("main", 0, 30), stretch("main", 20, 40), stretch("main", 60, 70)]);
    expect(lanes.map((lane) => lane.stretches.length)).toEqual([2, 1]);
  });

  it("belong to one agent each, nobody's last", () => {
    const lanes = lanesOf([stretch(null, 0, 1), stretch("ops", 0, 1), stretch("main", 50, 60)]);
    expect(lanes.map((lane) => lane.agent)).toEqual(["main", "ops", null]);
  });
});

describe("how many are there at once", () => {
  const begin = Date.parse(at(0));

  it("is counted in each part of the day", () => {
    const counts = atOnce([stretch("a", 0, 25), stretch("b", 15, 20)], begin, begin + 60 * 60_000, 6);
    expect(counts).toEqual([1, 2, 2, 0, 0, 0]);
  });

  it("is one where one follows the other within the same part", () => {
    const counts = atOnce([stretch("a", 1, 3), stretch("b", 5, 12)], begin, begin + 60 * 60_000, 6);
    expect(counts).toEqual([1, 1, 0, 0, 0, 0]);
  });
});
