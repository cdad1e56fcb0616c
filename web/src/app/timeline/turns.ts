import type { Answer } from "@/api/use-api";

export type Step = Answer<"/v1/sessions/{session_id}/timeline">["steps"][number];
export type Turn = Answer<"/v1/sessions/{session_id}/timeline">["turns"][number];

/** A turn with what happened in it. */
export interface TurnOfSteps {
  turn: Turn;
  steps: Step[];
}

/** A step in the bar of its turn: where it begins and how long it is, of 1. */
export interface Segment {
  step: Step;
  left: number;
  width: number;
}

/** The steps of each turn. */
export function turnsOf(turns: readonly Turn[], steps: readonly Step[]): TurnOfSteps[] {
  const all = turns.map((turn) => ({ turn, steps: [] as Step[] }));
  let place = -1;
  for (const step of steps) {
    const next = all[place + 1];
    if (next && (place < 0 || (step.kind === "person" && step.entry_id === next.turn.entry_id))) place += 1;
    all[place]?.steps.push(step);
  }
  return all;
}

/** The steps of a turn as parts of a bar; what took no time is a line. */
export function segmentsOf({ turn, steps }: TurnOfSteps): Segment[] {
  const begin = Date.parse(turn.begin);
  const length = Math.max(1, Date.parse(turn.end) - begin);
  return steps
    .filter((step) => step.kind === "model" || step.kind === "tool")
    .map((step) => ({
      step,
      left: (Date.parse(step.begin) - begin) / length,
      width: (Date.parse(step.end ?? turn.end) - Date.parse(step.begin)) / length,
    }));
}

/** How long a turn's bar is beside the longest, of 1: not in proportion, so that a short one is seen beside an hour. */
export function shareOf(turn: Turn, longest: number): number {
  const length = Date.parse(turn.end) - Date.parse(turn.begin);
  return longest <= 0 ? 1 : Math.max(0.04, Math.sqrt(length / longest));
}
