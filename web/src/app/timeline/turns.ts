import type { Answer } from "@/api/use-api";

export type TimelinePage = Answer<"/v1/sessions/{session_id}/timeline">;
export type Step = TimelinePage["steps"][number];
export type Turn = TimelinePage["turns"][number];

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

/** The turns of pages that follow one another; one that goes on beyond the end of its page is one. */
export function turnsOf(pages: readonly Pick<TimelinePage, "turns" | "steps">[]): TurnOfSteps[] {
  const all: TurnOfSteps[] = [];
  for (const each of pages.flatMap(({ turns, steps }) => turnsOfPage(turns, steps))) {
    const before = all.at(-1);
    if (before && each.steps[0]?.kind !== "person") all[all.length - 1] = joined(before, each);
    else all.push(each);
  }
  return all;
}

function turnsOfPage(turns: readonly Turn[], steps: readonly Step[]): TurnOfSteps[] {
  const all = turns.map((turn) => ({ turn, steps: [] as Step[] }));
  let place = -1;
  for (const step of steps) {
    const next = all[place + 1];
    if (next && (place < 0 || (step.kind === "person" && step.entry_id === next.turn.entry_id))) place += 1;
    all[place]?.steps.push(step);
  }
  return all;
}

/** A turn with the rest of it. Who replies waits for his tools, so that none of the rest runs beside those before. */
function joined({ turn, steps }: TurnOfSteps, rest: TurnOfSteps): TurnOfSteps {
  return {
    turn: {
      ...turn,
      end: turn.end > rest.turn.end ? turn.end : rest.turn.end,
      model_ms: turn.model_ms + rest.turn.model_ms,
      tool_ms: turn.tool_ms + rest.turn.tool_ms,
      model_calls: turn.model_calls + rest.turn.model_calls,
      tool_calls: turn.tool_calls + rest.turn.tool_calls,
      errors: turn.errors + rest.turn.errors,
    },
    steps: [...steps, ...rest.steps],
  };
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
