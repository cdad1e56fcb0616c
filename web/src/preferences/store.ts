"use client";

import { create } from "zustand";
import { persist } from "zustand/middleware";
import { STORAGE_KEY } from "./storage-key";

export const LANGUAGES = ["en", "de"] as const;
export const THEMES = ["system", "light", "dark"] as const;

export type Language = (typeof LANGUAGES)[number];
export type Theme = (typeof THEMES)[number];

interface Preferences {
  /** What was chosen; null follows the browser. */
  chosenLanguage: Language | null;
  theme: Theme;
  /** Whether "/" leads to the search: a single key is in the way of those who speak to their computer. */
  searchKey: boolean;
  /** What the browser prefers; null until it was asked. Not kept. */
  preferred: readonly string[] | null;
  chooseLanguage: (language: Language) => void;
  chooseTheme: (theme: Theme) => void;
  chooseSearchKey: (searchKey: boolean) => void;
}

/** How this reader wants to see the pages; kept in this browser. */
export const usePreferences = create<Preferences>()(
  persist(
    (set) => ({
      chosenLanguage: null,
      theme: "system",
      searchKey: true,
      preferred: null,
      chooseLanguage: (chosenLanguage) => set({ chosenLanguage }),
      chooseTheme: (theme) => set({ theme }),
      chooseSearchKey: (searchKey) => set({ searchKey }),
    }),
    // Read after the first rendering, which has to be that of the built page.
    {
      name: STORAGE_KEY,
      skipHydration: true,
      partialize: ({ chosenLanguage, theme, searchKey }) => ({ chosenLanguage, theme, searchKey }),
    },
  ),
);

/** The first of the reader's languages that we speak, else English. */
export function spokenLanguage(preferred: readonly string[]): Language {
  for (const tag of preferred) {
    const found = LANGUAGES.find((language) => tag.toLowerCase().split("-")[0] === language);
    if (found) return found;
  }
  return "en";
}

/** The reader's locale for numbers and dates: the first that belongs to the language, such as de-AT. */
export function localeOf(language: Language, preferred: readonly string[]): string {
  return preferred.find((tag) => tag.toLowerCase().split("-")[0] === language) ?? language;
}
