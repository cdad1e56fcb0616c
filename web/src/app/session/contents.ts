import type { components } from "@/api/schema";

export type Line = components["schemas"]["LineFacts"];
type EntryPage = components["schemas"]["EntryPage"];

/** What tells a line: the number says where to look, the id which of the generations' lines there. */
export interface LineKey {
  event_id: string;
  line_number: number;
}

/** Lines are read in blocks, which many rows share. */
export const BLOCK_LINES = 100;
// A thousand lines and more: two megabytes, however long the session is, and however long it goes on.
const MOST_BLOCKS = 12;

interface Block {
  lines: ReadonlyMap<string, Line>;
  state: "reading" | "read" | "stale" | "failed";
}

/** What the lines of a session say: read where it is looked for, and forgotten where nobody has looked for long. */
export class Contents {
  /** In the order in which they were looked at. */
  private readonly blocks = new Map<number, Block>();
  private readonly listeners = new Set<() => void>();

  /** @param read Reads a page of the lines `first` to `last`; `after` is the cursor of the page before. */
  constructor(
    private readonly read: (first: number, last: number, after: string | null) => Promise<EntryPage>,
    private readonly mostBlocks = MOST_BLOCKS,
  ) {}

  readonly subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  /** What a line says; undefined until it was read. */
  line(key: LineKey): Line | undefined {
    return this.blocks.get(blockOf(key.line_number))?.lines.get(key.event_id);
  }

  hasFailed(key: LineKey): boolean {
    return this.blocks.get(blockOf(key.line_number))?.state === "failed";
  }

  /** Reads these lines, as far as they are not there; what failed is tried again. */
  async want(lines: readonly number[]): Promise<void> {
    const reading = [];
    for (const number of new Set(lines.map(blockOf))) {
      const block = this.blocks.get(number);
      if (block) this.touch(number, block);
      if (!block || block.state === "failed" || block.state === "stale") reading.push(this.readBlock(number));
    }
    await Promise.all(reading);
  }

  /** What stands from a line on may say something else by now; until it is read again the old stays. */
  outdate(from: number): void {
    for (const [number, block] of this.blocks) {
      if (number >= blockOf(from)) this.blocks.set(number, { ...block, state: "stale" });
    }
  }

  private async readBlock(number: number): Promise<void> {
    const before = this.blocks.get(number)?.lines ?? new Map<string, Line>();
    const reading: Block = { lines: before, state: "reading" };
    this.touch(number, reading);
    let read: Block;
    try {
      read = { lines: await this.linesOf(number), state: "read" };
    } catch {
      read = { lines: before, state: "failed" };
    }
    // It was forgotten, or has become stale again meanwhile: who needs it asks once more.
    const now = this.blocks.get(number);
    if (now) this.blocks.set(number, now === reading ? read : { ...read, state: "stale" });
    for (const listener of this.listeners) listener();
  }

  private async linesOf(number: number): Promise<ReadonlyMap<string, Line>> {
    const lines = new Map<string, Line>();
    let after: string | null = null;
    do {
      const page: EntryPage = await this.read(number * BLOCK_LINES + 1, (number + 1) * BLOCK_LINES, after);
      for (const line of page.entries) lines.set(line.event_id, line);
      after = page.next ?? null;
    } while (after !== null);
    return lines;
  }

  private touch(number: number, block: Block): void {
    this.blocks.delete(number);
    this.blocks.set(number, block);
    for (const oldest of this.blocks.keys()) {
      if (this.blocks.size <= this.mostBlocks) return;
      this.blocks.delete(oldest);
    }
  }
}

function blockOf(line: number): number {
  return Math.floor((line - 1) / BLOCK_LINES);
}
