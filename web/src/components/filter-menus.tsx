"use client";

import { useApi } from "@/api/use-api";
import { type Filter, type useFilters } from "@/address/use-filters";
import { filterTexts } from "./filters";
import { useMessages } from "@/preferences/messages";

// Those by which people look for a session; the others come from links of other pages.
const OFFERED: readonly Filter[] = ["channel", "agent", "sender", "model", "tool", "project"];
const VALUES = 50;

interface FilterMenusProps {
  filters: ReturnType<typeof useFilters>;
  range: { since?: string; until?: string };
}

/** A menu for each filter, with the values that there are; one that can narrow nothing stays where it is. */
export function FilterMenus({ filters, range }: FilterMenusProps) {
  const text = useMessages(filterTexts);
  // Sessions are filtered, but messages are counted: none is of a person and calls a tool, and one session has both.
  const { agent, channel, project } = filters.query;
  const { data } = useApi(
    "/v1/facets",
    { params: { query: { agent, channel, project, ...range, size: VALUES } } },
    { keepPreviousData: true },
  );
  return OFFERED.map((name) => {
    const values = data?.facets[name] ?? [];
    if (filters.query[name] !== undefined) return null;
    return (
      <select
        key={name}
        aria-label={text.names[name]}
        value=""
        disabled={values.length < 2}
        onChange={(event) => filters.choose(name, event.target.value)}
        // As wide as its name, whatever values come.
        className="field-sizing-content max-w-40 shrink-0 rounded-lg border border-line bg-surface px-2.5 py-1.5 text-sm text-ink enabled:hover:border-line-strong disabled:text-muted disabled:opacity-60"
      >
        <option value="" disabled>
          {text.names[name]}
        </option>
        {values.map(({ value }) => (
          <option key={value} value={value}>
            {value}
          </option>
        ))}
      </select>
    );
  });
}
