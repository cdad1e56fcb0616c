/** What is told of a worker, as far as it says how it is. */
export interface Told {
  lag: number;
  state: string | null;
  health: string | null;
}

export type Health = "good" | "late" | "bad" | "elsewhere";

/** How a worker is, in one word; of one that runs on another machine nothing but its lag is known. */
export function healthOf({ state, health }: Told): Health {
  if (state === null) return "elsewhere";
  if (state !== "running") return "bad";
  return health === "ready" ? "good" : "late";
}

/** How far a task is, from 0 to 1; null where it is not known how much there is. */
export function shareDone(done: number | null, left: number | null): number | null {
  if (done === null || left === null) return null;
  return done + left === 0 ? 1 : done / (done + left);
}
