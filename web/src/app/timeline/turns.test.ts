import { describe, expect, it } from "vitest";
import { segmentsOf, shareOf, turnsOf, type Step, type Turn } from "./turns";

const at = (second: number) => new Date(Date.UTC(2026, 2, 1, 0, 0, second)).toISOString();
const step = (kind: Step["kind"], begin: number, end: number | null, entry_id: string | null = null): Step => ({
  kind,
  name: kind,
  begin: at(begin),
  end: end === null ? null : at(end),
  entry_id,
  failed: false,
  tokens: 0,
});
const turn = (begin: number, end: number, entry_id: string | null): Turn => ({
  begin: at(begin),
  end: at(end),
  entry_id,
  wait: null,
  model_ms: 0,
  tool_ms: 0,
  model_calls: 0,
  tool_calls: 0,
  errors: 0,
});

describe("turns", () => {
  it("have the steps that follow what was said", () => {
    const steps = [
      step("model", 0, 1),
      step("person", 5, 5, "q1"),
      step("model", 5, 7),
      step("person", 9, 9, "q2"),
    ];
    const found = turnsOf([{ turns: [turn(0, 1, null), turn(5, 7, "q1"), turn(9, 9, "q2")], steps }]);
    expect(found.map((each) => each.steps.length)).toEqual([1, 2, 1]);
  });

  it("are one where a page cuts them", () => {
    const first = { turns: [turn(5, 9, "q1")], steps: [step("person", 5, 5, "q1"), step("model", 5, 9)] };
    const second = {
      turns: [{ ...turn(9, 12, null), wait: 0, model_ms: 3_000, model_calls: 1, errors: 1 }, turn(20, 20, "q2")],
      steps: [step("model", 9, 12), step("person", 20, 20, "q2")],
    };
    const found = turnsOf([first, second]);
    expect(found.map((each) => [each.turn.entry_id, each.steps.length])).toEqual([["q1", 3], ["q2", 1]]);
    expect(found[0]?.turn).toMatchObject({ begin: at(5), end: at(12), wait: null, model_ms: 3_000, model_calls: 1, errors: 1 });
  });

  it("are bars of what models and tools took", () => {
    const found = segmentsOf({
      turn: turn(0, 10, "q"),
      steps: [step("person", 0, 0), step("model", 0, 4), step("tool", 4, null)],
    });
    expect(found.map(({ left, width }) => [left, width])).toEqual([
      [0, 0.4],
      [0.4, 0.6],
    ]);
  });

  it("are seen however short they are", () => {
    expect(shareOf(turn(0, 60, "q"), 60_000)).toBe(1);
    expect(shareOf(turn(0, 0, "q"), 3_600_000)).toBe(0.04);
  });
});
