"use client";

import { useLanguage } from "./reader";
import type { Language } from "./store";

export type Translated<Messages> = Readonly<Record<Language, Messages>>;

/**
 * The texts of a page in every language. What one language lacks fails the type check: English says what there is.
 *
 * A text with something in it is a function, so that each language words it its own way.
 */
export function translated<Messages>(texts: { en: Messages; de: NoInfer<Messages> }): Translated<Messages> {
  return texts;
}

/** A text of how many there are, worded by the number and showing it as the reader writes it: 1 message, 2 messages. */
export const count = (one: string, many: string) => (number: number, shown: string) => `${shown} ${number === 1 ? one : many}`;

/** The texts in the reader's language. */
export function useMessages<Messages>(texts: Translated<Messages>): Messages {
  return texts[useLanguage()];
}
