"use client";

import { create } from "zustand";
import type { TreeCall, TreeEntry } from "./outline";

interface Folds {
  open: ReadonlySet<string>;
  toggle: (key: string) => void;
  unfold: (keys: readonly string[]) => void;
}

/** What is unfolded, by key: a row that is scrolled away and comes back is as it was left. */
export const useFolds = create<Folds>((set) => ({
  open: new Set(),
  toggle: (key) =>
    set(({ open }) => {
      const next = new Set(open);
      if (!next.delete(key)) next.add(key);
      return { open: next };
    }),
  unfold: (keys) => set(({ open }) => ({ open: new Set([...open, ...keys]) })),
}));

type Named = Pick<TreeEntry, "event_id">;

/** The keys of what is folded in an entry. */
export const foldKey = {
  thinking: ({ event_id }: Named) => `thinking:${event_id}`,
  summary: ({ event_id }: Named) => `summary:${event_id}`,
  data: ({ event_id }: Named) => `data:${event_id}`,
  call: ({ tool_call_id }: TreeCall) => `call:${tool_call_id}`,
};

/** The folds behind which the text that an id names may stand: of a result, that of its call alone. */
export function foldsOf(entry: TreeEntry, id: string): string[] {
  const results = entry.tool_calls.filter((call) => call.result_entry_id === id);
  if (results.length > 0) return results.map(foldKey.call);
  return [foldKey.thinking(entry), foldKey.summary(entry), foldKey.data(entry), ...entry.tool_calls.map(foldKey.call)];
}
