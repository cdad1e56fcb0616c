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

/** How many stretches there are in each of so many equal parts of a span. */
export function atOnce(stretches: readonly Stretch[], begin: number, end: number, parts: number): number[] {
  const length = (end - begin) / parts;
  const counts = new Array<number>(parts).fill(0);
  for (const stretch of stretches) {
    const first = Math.max(0, Math.floor((Date.parse(stretch.begin) - begin) / length));
    const last = Math.min(parts - 1, Math.floor((Date.parse(stretch.end) - begin) / length));
    for (let part = first; part <= last; part++) counts[part] = (counts[part] ?? 0) + 1;
  }
  return counts;
}
