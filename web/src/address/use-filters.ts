"use client";

import { useMemo } from "react";
import { useAddress } from "./use-address";

/** The filters of the API that are chosen from values, as they stand in the address. */
export const FILTERS = ["agent", "channel", "sender", "role", "model", "tool", "project"] as const;
export type Filter = (typeof FILTERS)[number];
/** That only what has errors counts stands in the address as this; it has no values to choose from. */
const FAILED = "failed";

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
    const failed = now.has(FAILED);
    const values = Object.fromEntries(chosen.map(({ name, value }) => [name, value])) as Partial<Record<Filter, string>>;
    return {
      chosen,
      failed,
      isFiltered: failed || chosen.length > 0,
      /** The parameters of a query. */
      query: { ...values, ...(failed && { failed }) },
      choose: (name: Filter, value: string | null) => change({ [name]: value }, "push"),
      chooseFailed: (only: boolean) => change({ [FAILED]: only || null }, "push"),
      clear: () => change(Object.fromEntries([...FILTERS, FAILED].map((name) => [name, null])), "push"),
    };
  }, [stated, change]);
}
