"use client";

import { useEffect, useMemo, useRef, useState } from "react";
import useSWRInfinite from "swr/infinite";
import { useAddress } from "@/address/use-address";
import { useFilters } from "@/address/use-filters";
import { useRange } from "@/address/use-range";
import type { ApiError } from "@/api/problem";
import { read } from "@/api/use-api";
import type { components } from "@/api/schema";

export type Mode = "hybrid" | "text" | "semantic";
export type By = "message" | "session";
export type Found = components["schemas"]["SearchAnswer"] | components["schemas"]["SessionsAnswer"];

// Nobody types letters so fast for long: a key is answered at once, and of a burst of keys not every one.
const ASK_EVERY_MS = 80;
// The address follows what was typed within a few frames; what it says after that comes from elsewhere.
const STILL_TYPING_MS = 300;
export const HITS = 20;
// Without words a query needs an operator: this one lets every message pass.
const ALL = "role:*";

/** What is searched for: all of it stands in the address. */
export function useQuery() {
  const { parameters, change } = useAddress();
  const filters = useFilters();
  const q = parameters.get("q") ?? "";
  const range = useRange("all");
  return {
    q,
    mode: oneOf<Mode>(parameters.get("mode"), ["text", "semantic"], "hybrid"),
    by: oneOf<By>(parameters.get("by"), ["session"], "message"),
    filters,
    range,
    /** Whether there is anything to search for. */
    isAsked: saysSomething(q) || filters.isFiltered || range.period !== "all",
    change,
  };
}

export type Query = ReturnType<typeof useQuery>;

/** What the API is asked. */
export function parametersOf(query: Pick<Query, "q" | "filters" | "range">) {
  return {
    q: saysSomething(query.q) ? query.q.trim() : ALL,
    ...query.filters.query,
    ...query.range.query,
  };
}

/** The pages found so far. A new query cancels the one before; until it is answered, that one's hits stay. */
export function useSearch(query: Query) {
  const running = useRef<AbortController | null>(null);
  const asked = query.isAsked
    ? {
        ...parametersOf(query),
        by: query.by,
        mode: query.mode === "hybrid" ? undefined : query.mode,
        limit: HITS,
      }
    : null;
  const found = useSWRInfinite<Found, ApiError>(
    (_: number, before: Found | null) => {
      if (asked === null) return null;
      if (before === null) return ["search", asked];
      const cursor = "next" in before ? before.next : null;
      return cursor ? ["search", { ...asked, cursor }] : null;
    },
    ([, parameters]: [string, NonNullable<typeof asked>]) => {
      running.current?.abort();
      running.current = new AbortController();
      return read("/v1/search", { params: { query: parameters } }, running.current.signal) as Promise<Found>;
    },
    // The first page is asked again whenever the search is: what was found an hour ago may not be all. The others only
    // where it ends elsewhere by now.
    { keepPreviousData: true, revalidateFirstPage: true, revalidateOnFocus: false, shouldRetryOnError: false },
  );
  const pages = useMemo(() => found.data ?? [], [found.data]);
  const last = pages.at(-1);
  // What is half typed often can't be read: that is told when somebody stops there.
  const error = isAborted(found.error) ? undefined : found.error;
  const lasting = useSettled(error, STILL_TYPING_MS);
  return {
    pages,
    error: error === lasting ? error : undefined,
    isLoading: found.isValidating,
    hasMore: last !== undefined && "next" in last && last.next !== null,
    more: () => void found.setSize(found.size + 1),
    retry: () => void found.mutate(),
  };
}

/** A text field whose text goes to `settle` at once, but not too often. While somebody types the field leads, else the address. */
export function useTyped(settled: string, settle: (text: string) => void) {
  const [typed, setTyped] = useState(settled);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const settledAt = useRef(-Infinity);
  const typing = useRef(false);

  useEffect(() => {
     
    if (!typing.current) setTyped(settled);
  }, [settled]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const type = (text: string) => {
    setTyped(text);
    typing.current = true;
    clearTimeout(timer.current);
    const now = performance.now();
    timer.current = setTimeout(
      () => {
        settledAt.current = performance.now();
        settle(text);
        timer.current = setTimeout(() => (typing.current = false), STILL_TYPING_MS);
      },
      Math.max(0, settledAt.current + ASK_EVERY_MS - now),
    );
  };
  return { typed, type };
}

/** A value that has not changed for so long. */
export function useSettled<Value>(value: Value, ms: number): Value {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}

function oneOf<Value extends string>(stated: string | null, others: readonly Value[], usual: Value): Value {
  return others.find((each) => each === stated) ?? usual;
}

/** Whether there is anything in a text beside punctuation, such as a quotation mark that begins a phrase. */
function saysSomething(text: string): boolean {
  return /[^\s\p{P}]/u.test(text);
}

function isAborted(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
