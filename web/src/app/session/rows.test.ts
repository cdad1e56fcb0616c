import { describe, expect, it } from "vitest";
import { foldsOf } from "./folds";
import { landmarksOf } from "./landmarks";
import { generationWith } from "./outline";
import { branchOf, entryOf, rowsOf } from "./rows";
import { call, entry } from "./samples";

const NOTHING_OPEN = { openBranches: new Set<string>(), all: false };

const branched = [
  entry("a", { role: "user", begins: "hello" }),
  entry("b", { depth: 1 }),
  entry("c", { depth: 2 }),
  entry("d", { kind: "CUSTOM", depth: 1 }),
  entry("e", { depth: 1 }),
  entry("f"),
];

const shape = (rows: ReturnType<typeof rowsOf>) =>
  rows.filter((row) => row.kind !== "day").map((row) => (row.kind === "entry" ? row.entry.entry_id : `${row.key}×${row.kind === "branch" ? row.entries : ""}`));

describe("the rows of a conversation", () => {
  it("fold a branch that was left into one", () => {
    expect(shape(rowsOf(branched, NOTHING_OPEN))).toEqual(["a", "branch:event-b×3", "f"]);
  });

  it("have the entries of a branch that is unfolded", () => {
    const openBranches = new Set(["branch:event-b"]);
    expect(shape(rowsOf(branched, { openBranches, all: false }))).toEqual(["a", "branch:event-b×3", "b", "c", "e", "f"]);
    expect(shape(rowsOf(branched, { openBranches, all: true }))).toContain("d");
  });

  it("have the line that begins a transcript where every line is asked for", () => {
    const lines = [entry("line:1", { kind: "SESSION" }), entry("a")];
    expect(shape(rowsOf(lines, NOTHING_OPEN))).toEqual(["a"]);
    expect(shape(rowsOf(lines, { ...NOTHING_OPEN, all: true }))).toEqual(["line:1", "a"]);
  });

  it("leave no branch for a line that nobody can read", () => {
    expect(shape(rowsOf([entry("a"), entry("b", { kind: "UNPARSED", depth: 1 }), entry("c")], NOTHING_OPEN))).toEqual(["a", "b", "c"]);
  });

  it("tell when another day begins", () => {
    const days = [entry("a"), entry("b"), entry("c", { occurred_at: "2026-03-03T12:00:00.000Z" })];
    expect(rowsOf(days, NOTHING_OPEN).map((row) => row.kind)).toEqual(["day", "entry", "entry", "day", "entry"]);
  });
});

describe("an entry that an address names", () => {
  it("is found also where it is folded into its call", () => {
    const entries = [entry("a", { tool_calls: [call("1", { result_entry_id: "r" })] })];
    expect(entryOf(entries, "r")?.entry_id).toBe("a");
    expect(entryOf(entries, "x")).toBeUndefined();
  });

  it("tells what is folded over its text: of a result, its call alone", () => {
    const named = entry("a", { tool_calls: [call("1", { result_entry_id: "r" }), call("2", { result_entry_id: "s" })] });
    expect(foldsOf(named, "s")).toEqual(["call:2"]);
    expect(foldsOf(named, "a")).toEqual(expect.arrayContaining(["thinking:event-a", "call:1", "call:2"]));
  });

  it("is in the latest generation that has it", async () => {
    const generations = [1, 2, 3].map((number) => ({ number, state: "LIVE", lines: 1, last_at: "", archived_at: null, current: number === 3 }));
    const part = (next: string | null, ...ids: string[]) => ({ entries: ids.map((id) => entry(id)), generations, missing_lines: 0, next });
    const read = (number: number, after: string | null) =>
      Promise.resolve(number === 3 ? part(null, "c") : after === null ? part("more", "a") : part(null, "b"));
    expect((await generationWith("b", generations, read))?.number).toBe(2);
    expect(await generationWith("x", generations, read)).toBeNull();
  });

  it("tells the branch that has to be unfolded for it", () => {
    expect(branchOf(branched, branched[4]!)).toBe("branch:event-b");
    expect(branchOf(branched, branched[5]!)).toBeNull();
  });
});

describe("landmarks", () => {
  it("are what people said, and where the conversation turned", () => {
    const entries = [
      ...branched,
      entry("g", { kind: "COMPACTION", role: "compaction", begins: "so far" }),
      entry("h", { labels: ["here"] }),
      entry("i", { kind: "RESET" }),
    ];
    expect(landmarksOf(entries).map(({ kind, text }) => [kind, text])).toEqual([
      ["turn", "hello"],
      ["branch", null],
      ["branch", null],
      ["compaction", "so far"],
      ["label", "here"],
      ["reset", null],
    ]);
  });
});
