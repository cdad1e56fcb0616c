"use client";

import { useMemo } from "react";
import { useAddress } from "./use-address";

/** The filters of the API that are chosen from values, as they stand in the address. */
export const FILTERS = ["agent", "channel", "sender", "role", "model", "tool", "project"] as const;
export type Filter = (typeof FILTERS)[number];

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
    return {
      chosen,
      /** The parameters of a query. */
      query: Object.fromEntries(chosen.map(({ name, value }) => [name, value])) as Partial<Record<Filter, string>>,
      choose: (name: Filter, value: string | null) => change({ [name]: value }, "push"),
      clear: () => change(Object.fromEntries(FILTERS.map((name) => [name, null])), "push"),
    };
  }, [stated, change]);
}
