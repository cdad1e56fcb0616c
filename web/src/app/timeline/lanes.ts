import type { Answer } from "@/api/use-api";

export type Stretch = Answer<"/v1/timeline">["stretches"][number];

/** What stands in one row of the day: bars that do not touch. */
export interface Lane {
  agent: string | null;
  /** Place among the lanes of its agent, from 0. */
  place: number;
  stretches: Stretch[];
}

/** Bars that are closer than this, in milliseconds, would look like one. */
const GAP = 4 * 60_000;

/** Rows for the stretches of a day: those of an agent together, as few as let no bar cover another. */
export function lanesOf(stretches: readonly Stretch[]): Lane[] {
  const byAgent = new Map<string | null, Lane[]>();
  for (const stretch of [...stretches].sort((a, b) => Date.parse(a.begin) - Date.parse(b.begin))) {
    const lanes = byAgent.get(stretch.agent_id) ?? [];
    byAgent.set(stretch.agent_id, lanes);
    const free = lanes.find((lane) => Date.parse(lane.stretches.at(-1)?.end ?? "") + GAP < Date.parse(stretch.begin));
    if (free) free.stretches.push(stretch);
    else lanes.push({ agent: stretch.agent_id, place: lanes.length, stretches: [stretch] });
  }
  const agents = [...byAgent.keys()].sort((a, b) => (a ?? "\uffff").localeCompare(b ?? "\uffff"));
  return agents.flatMap((agent) => byAgent.get(agent) ?? []);
}

/** How many stretches there are at the same moment, at most, in each of so many equal parts of a span. */
export function atOnce(stretches: readonly Stretch[], begin: number, end: number, parts: number): number[] {
  const length = (end - begin) / parts;
  const partOf = (moment: number) => Math.floor((moment - begin) / length);
  const counts = new Array<number>(parts).fill(0);
  // At the same moment what begins comes first: a stretch without length is there at its moment.
  const steps = stretches
    .flatMap((each) => [
      { at: Date.parse(each.begin), change: 1 },
      { at: Date.parse(each.end), change: -1 },
    ])
    .sort((a, b) => a.at - b.at || b.change - a.change);
  let present = 0;
  steps.forEach(({ at, change }, place) => {
    present += change;
    // So many are there until the next step.
    const last = Math.min(parts - 1, partOf(steps[place + 1]?.at ?? at));
    for (let part = Math.max(0, partOf(at)); part <= last; part++) counts[part] = Math.max(counts[part] ?? 0, present);
  });
  return counts;
}
