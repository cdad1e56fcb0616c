import type { TreeEntry } from "./outline";

export type Row =
  | { kind: "entry"; key: string; entry: TreeEntry; level: number }
  | { kind: "branch"; key: string; entries: number; first: TreeEntry; level: number; isOpen: boolean }
  | { kind: "day"; key: string; at: string };

interface Shown {
  /** Keys of the branches that are unfolded. */
  openBranches: ReadonlySet<string>;
  /** Whether lines are shown as well that say nothing of the conversation. */
  all: boolean;
}

const SILENT: ReadonlySet<string> = new Set(["SESSION", "CUSTOM", "LABEL", "SESSION_INFO", "LEAF"]);

/** The rows of a conversation: branches that were left are folded into one row each, days stand between. */
export function rowsOf(entries: readonly TreeEntry[], { openBranches, all }: Shown): Row[] {
  const rows: Row[] = [];
  let day = "";
  let branch: Extract<Row, { kind: "branch" }> | null = null;
  for (const entry of entries) {
    const depth = depthOf(entry);
    if (depth === 0) {
      branch = null;
    } else if (branch === null) {
      const key = branchKey(entry);
      branch = { kind: "branch", key, entries: 0, first: entry, level: 0, isOpen: openBranches.has(key) };
      rows.push(branch);
    }
    if (!all && SILENT.has(entry.kind)) continue;
    if (branch !== null) {
      branch.entries += 1;
      if (!branch.isOpen) continue;
    }
    const today = new Date(entry.occurred_at).toDateString();
    if (today !== day) {
      rows.push({ kind: "day", key: `day:${entry.event_id}`, at: entry.occurred_at });
      day = today;
    }
    rows.push({ kind: "entry", key: entry.event_id, entry, level: depth });
  }
  // A branch of nothing but silent lines.
  return rows.filter((row) => row.kind !== "branch" || row.entries > 0);
}

/** How far an entry stands from the path to the current leaf; a line that nobody can read leaves no path. */
export function depthOf(entry: TreeEntry): number {
  return entry.kind === "UNPARSED" ? 0 : entry.depth;
}

/** The key of the branch that begins with an entry. */
export function branchKey(first: TreeEntry): string {
  return `branch:${first.event_id}`;
}

/** The entry of this id, or the one into which it is folded as the result of a call. */
export function entryOf(entries: readonly TreeEntry[], id: string): TreeEntry | undefined {
  return (
    entries.find((entry) => entry.entry_id === id) ??
    entries.find((entry) => entry.tool_calls.some((call) => call.result_entry_id === id))
  );
}

/** The branch in which an entry stands; null on the path to the current leaf. */
export function branchOf(entries: readonly TreeEntry[], entry: TreeEntry): string | null {
  if (depthOf(entry) === 0) return null;
  const after = entries.slice(0, entries.indexOf(entry)).findLastIndex((each) => depthOf(each) === 0);
  return branchKey(entries[after + 1] ?? entry);
}
