"use client";

import { useMemo } from "react";
import { useAddress } from "./use-address";

/** The filters of the API that are chosen from values, as they stand in the address. */
export const FILTERS = ["agent", "channel", "sender", "role", "model", "tool", "project"] as const;
export type Filter = (typeof FILTERS)[number];
/** Whose errors count, where only what has errors does. */
const FAILURES = ["any", "tool", "model"] as const;
export type Failure = (typeof FAILURES)[number];

/** The filters in the address; `choose` sets one, or removes it with null. */
export function useFilters() {
  const { parameters, change } = useAddress();
  const stated = parameters.toString();
  return useMemo(() => {
    const now = new URLSearchParams(stated);
    const chosen = FILTERS.flatMap((name) => {
      const value = now.get(name);
      return value ? [{ name, value }] : [];
    });
    const failed = FAILURES.find((each) => each === now.get("failed")) ?? null;
    const values = Object.fromEntries(chosen.map(({ name, value }) => [name, value])) as Partial<Record<Filter, string>>;
    return {
      chosen,
      failed,
      isFiltered: failed !== null || chosen.length > 0,
      /** The parameters of a query. */
      query: { ...values, ...(failed && { failed }) },
      choose: (name: Filter, value: string | null) => change({ [name]: value }, "push"),
      chooseFailed: (failed: Failure | null) => change({ failed }, "push"),
      clear: () => change(Object.fromEntries([...FILTERS, "failed"].map((name) => [name, null])), "push"),
    };
  }, [stated, change]);
}
