import type { ApiError } from "@/api/problem";
import type { components } from "@/api/schema";
import { entryOf } from "./rows";

export type Tree = components["schemas"]["Tree"];
export type TreeEntry = components["schemas"]["TreeEntry"];
export type TreeCall = components["schemas"]["TreeCall"];
export type TreeGeneration = components["schemas"]["TreeGeneration"];

export interface OutlineState {
  entries: readonly TreeEntry[];
  generations: readonly TreeGeneration[];
  missingLines: number;
  /** Whether all entries have come. */
  isComplete: boolean;
  error: ApiError | null;
}

const EMPTY: OutlineState = { entries: [], generations: [], missingLines: 0, isComplete: false, error: null };

/** The tree of a session, read part by part, and again from its last part on while the session goes on. */
export class Outline {
  private parts: Tree[] = [];
  private state = EMPTY;
  private readonly listeners = new Set<() => void>();
  private wanted: "whole" | "tail" | null = null;
  private isReading = false;

  /** @param read Reads the part that follows a cursor; null for the first. */
  constructor(private readonly read: (after: string | null) => Promise<Tree>) {}

  readonly subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  readonly current = () => this.state;

  /** Reads it again: the whole, or what has changed at its end. What is asked for meanwhile is read after that. */
  async refresh(what: "whole" | "tail"): Promise<void> {
    if (this.wanted !== "whole") this.wanted = what;
    if (this.isReading) return;
    this.isReading = true;
    try {
      while (this.wanted !== null) {
        const from: number = this.wanted === "whole" ? 0 : Math.max(this.parts.length - 1, 0);
        this.wanted = null;
        await this.readFrom(from);
      }
    } catch (error) {
      this.wanted = null;
      this.publish({ ...this.state, error: error as ApiError });
    } finally {
      this.isReading = false;
    }
  }

  private async readFrom(index: number): Promise<void> {
    const parts = this.parts.slice(0, index);
    let after: string | null = parts.at(-1)?.next ?? null;
    do {
      const part: Tree = await this.read(after);
      parts.push(part);
      after = part.next ?? null;
      // The first time each part is shown as it comes; later nothing that stands there goes away meanwhile.
      if (!this.state.isComplete || after === null) this.show(parts, after === null);
    } while (after !== null);
  }

  private show(parts: readonly Tree[], isComplete: boolean): void {
    this.parts = [...parts];
    const last = parts.at(-1);
    this.publish({
      entries: parts.flatMap((part) => part.entries),
      generations: last?.generations ?? [],
      missingLines: last?.missing_lines ?? 0,
      isComplete,
      error: null,
    });
  }

  private publish(state: OutlineState): void {
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}

/**
 * The latest of these generations that has an entry; null where none has.
 *
 * @param read Reads the part of a generation's tree that follows a cursor; null for the first.
 */
export async function generationWith(
  id: string,
  generations: readonly TreeGeneration[],
  read: (generation: number, after: string | null) => Promise<Tree>,
): Promise<TreeGeneration | null> {
  for (const generation of [...generations].reverse()) {
    let after: string | null = null;
    do {
      const part: Tree = await read(generation.number, after);
      if (entryOf(part.entries, id)) return generation;
      after = part.next ?? null;
    } while (after !== null);
  }
  return null;
}
