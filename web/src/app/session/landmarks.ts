import type { TreeEntry } from "./outline";
import { depthOf } from "./rows";

/** A place by which a person finds the way through a conversation. */
export interface Landmark {
  entry: TreeEntry;
  kind: "turn" | "compaction" | "reset" | "branch" | "label";
  /** What stands there; null where the kind says it all. */
  text: string | null;
}

/** The places of a conversation: what people said, where it was summed up, reset, left for another branch, labelled. */
export function landmarksOf(entries: readonly TreeEntry[]): Landmark[] {
  const found: Landmark[] = [];
  let depth = 0;
  for (const entry of entries) {
    if (depthOf(entry) > depth) found.push({ entry, kind: "branch", text: null });
    depth = depthOf(entry);
    const kind = kindOf(entry);
    if (kind !== null) found.push({ entry, kind, text: entry.begins ?? null });
    for (const label of entry.labels) found.push({ entry, kind: "label", text: label });
  }
  return found;
}

function kindOf(entry: TreeEntry): Landmark["kind"] | null {
  if (entry.kind === "COMPACTION") return "compaction";
  if (entry.kind === "RESET") return "reset";
  return entry.role === "user" ? "turn" : null;
}
