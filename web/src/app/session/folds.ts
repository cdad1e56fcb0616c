"use client";

import { create } from "zustand";

interface Folds {
  open: ReadonlySet<string>;
  toggle: (key: string) => void;
  unfold: (key: string) => void;
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
  unfold: (key) => set(({ open }) => ({ open: new Set(open).add(key) })),
}));
