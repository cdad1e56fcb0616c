"use client";

import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import { formatFor, type Format } from "./format";
import { localeOf, spokenLanguage, usePreferences, type Language } from "./store";

interface Reader {
  language: Language;
  format: Format;
}

const ReaderContext = createContext<Reader>({ language: "en", format: formatFor("en") });

/** Gives the pages the language and the formats of who reads them. */
export function ReaderProvider({ children }: { children: ReactNode }) {
  const chosen = usePreferences((state) => state.chosenLanguage);
  const theme = usePreferences((state) => state.theme);
  // The built page is English; what this browser prefers is known only here.
  const [preferred, setPreferred] = useState<readonly string[] | null>(null);

  useEffect(() => {
    void usePreferences.persist.rehydrate();
    // eslint-disable-next-line react-hooks/set-state-in-effect -- the browser is asked once, after hydration
    setPreferred(navigator.languages);
  }, []);

  const language = preferred === null ? "en" : (chosen ?? spokenLanguage(preferred));
  const reader = useMemo(
    () => ({ language, format: formatFor(localeOf(language, preferred ?? [])) }),
    [language, preferred],
  );

  useEffect(() => {
    if (preferred === null) return;
    const root = document.documentElement;
    root.lang = language;
    root.dataset.theme = theme;
    delete root.dataset.pending;
  }, [language, preferred, theme]);

  return <ReaderContext value={reader}>{children}</ReaderContext>;
}

/** Numbers, dates and durations as the reader writes them. */
export function useFormat(): Format {
  return useContext(ReaderContext).format;
}

export function useLanguage(): Language {
  return useContext(ReaderContext).language;
}
