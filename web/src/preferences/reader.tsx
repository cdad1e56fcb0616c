"use client";

import { useEffect } from "react";
import { formatFor, type Format } from "./format";
import { localeOf, spokenLanguage, usePreferences, type Language } from "./store";

/**
 * Asks the browser who reads, and sets language and theme of the document.
 *
 * The built page is English. A store tells that to every part of it which still has to be hydrated, and only then what
 * the reader wants; a context would tell some parts too early.
 */
export function Reader() {
  const language = useLanguage();
  const theme = usePreferences((state) => state.theme);
  const isKnown = usePreferences((state) => state.preferred !== null);

  useEffect(() => {
    void usePreferences.persist.rehydrate();
    usePreferences.setState({ preferred: navigator.languages });
  }, []);
  useEffect(() => {
    if (!isKnown) return;
    const root = document.documentElement;
    root.lang = language;
    root.dataset.theme = theme;
    delete root.dataset.pending;
  }, [isKnown, language, theme]);
  return null;
}

/** The language that the reader has chosen, else the first of the browser's that we speak. */
export function useLanguage(): Language {
  const chosen = usePreferences((state) => state.chosenLanguage);
  const preferred = usePreferences((state) => state.preferred);
  return preferred === null ? "en" : (chosen ?? spokenLanguage(preferred));
}

const formats = new Map<string, Format>();

/** Numbers, dates and durations as the reader writes them. */
export function useFormat(): Format {
  const language = useLanguage();
  const preferred = usePreferences((state) => state.preferred);
  const locale = localeOf(language, preferred ?? []);
  const known = formats.get(locale) ?? formatFor(locale);
  formats.set(locale, known);
  return known;
}
