import { describe, expect, it } from "vitest";
import { BLOCK_LINES, Contents, type Line } from "./contents";
import { Outline, type Tree } from "./outline";
import { entry } from "./samples";

function tree(ids: string[], next: string | null): Tree {
  return { entries: ids.map((id) => entry(id)), missing_lines: 0, generations: [], next };
}

const ids = (outline: Outline) => outline.current().entries.map((each) => each.entry_id);

describe("the outline of a session", () => {
  it("comes part by part, and then only its end is read again", async () => {
    const parts: Record<string, Tree> = { null: tree(["a", "b"], "1"), 1: tree(["c"], null) };
    const asked: (string | null)[] = [];
    const outline = new Outline(async (after) => {
      asked.push(after);
      return parts[String(after)]!;
    });
    const shown: number[] = [];
    outline.subscribe(() => shown.push(outline.current().entries.length));
    await outline.refresh("whole");
    expect(shown).toEqual([2, 3]);
    parts[1] = tree(["c", "d"], null);
    await outline.refresh("tail");
    expect(ids(outline)).toEqual(["a", "b", "c", "d"]);
    expect(asked).toEqual([null, "1", "1"]);
  });

  it("is read once more where something came while it was being read", async () => {
    let reads = 0;
    const outline = new Outline(async () => tree(["a", "b", "c"].slice(0, ++reads), null));
    await Promise.all([outline.refresh("whole"), outline.refresh("tail"), outline.refresh("tail")]);
    expect(reads).toBe(2);
    expect(ids(outline)).toEqual(["a", "b"]);
  });

  it("keeps what it has where it can't be read", async () => {
    let isAway = false;
    const outline = new Outline(async () => {
      if (isAway) throw new Error("away");
      return tree(["a"], null);
    });
    await outline.refresh("whole");
    isAway = true;
    await outline.refresh("tail");
    expect(ids(outline)).toEqual(["a"]);
    expect(outline.current().error?.message).toBe("away");
  });
});

const key = (line_number: number) => ({ event_id: `e${line_number}`, line_number });

function contents(mostBlocks?: number) {
  const reads: number[] = [];
  const state = { isAway: false, version: 1 };
  const made = new Contents(async (first, last) => {
    reads.push(first);
    if (state.isAway) throw new Error("away");
    const lines = Array.from({ length: last - first + 1 }, (_, index) => key(first + index));
    return { entries: lines.map((line) => ({ ...line, entry_type: `v${state.version}` }) as Line), next: null };
  }, mostBlocks);
  return { made, reads, state };
}

describe("the contents of a session", () => {
  it("are read in blocks, each once", async () => {
    const { made, reads } = contents();
    await made.want([1, BLOCK_LINES + 1]);
    await made.want([50, 60]);
    expect(reads).toEqual([1, BLOCK_LINES + 1]);
    expect(made.line(key(150))?.event_id).toBe("e150");
    expect(made.line({ event_id: "of another generation", line_number: 150 })).toBeUndefined();
  });

  it("are not read between those that are looked at", async () => {
    const { made, reads } = contents(2);
    await made.want([1, 90 * BLOCK_LINES + 1]);
    expect(reads).toEqual([1, 90 * BLOCK_LINES + 1]);
    expect(made.line(key(1))).toBeDefined();
  });

  it("stay while they are read again", async () => {
    const { made, state } = contents();
    await made.want([1, 10]);
    state.version = 2;
    made.outdate(5);
    expect(made.line(key(5))?.entry_type).toBe("v1");
    await made.want([1, 10]);
    expect(made.line(key(5))?.entry_type).toBe("v2");
  });

  it("are tried again where they could not be read", async () => {
    const { made, state } = contents();
    state.isAway = true;
    await made.want([1, 10]);
    expect(made.hasFailed(key(1))).toBe(true);
    state.isAway = false;
    await made.want([1, 10]);
    expect(made.hasFailed(key(1))).toBe(false);
  });

  it("are forgotten where nobody has looked for long", async () => {
    const { made } = contents(2);
    for (const block of [0, 1, 0, 2]) await made.want([block * BLOCK_LINES + 1]);
    expect(made.line(key(1))).toBeDefined();
    expect(made.line(key(BLOCK_LINES + 1))).toBeUndefined();
  });
});
