"use client";

import { X } from "lucide-react";
import type { useFilters } from "@/address/use-filters";
import { useMessages } from "@/preferences/messages";
import { filterTexts } from "./filters";

const CHIP =
  "flex max-w-72 items-center gap-1.5 rounded-full bg-accent-soft py-1 pr-2 pl-3 text-sm text-accent hover:brightness-95";

/** The filters that hold, each with a button that removes it. */
export function FilterChips({ filters }: { filters: ReturnType<typeof useFilters> }) {
  const text = useMessages(filterTexts);
  if (!filters.isFiltered) return null;
  return (
    <ul className="flex shrink-0 flex-wrap items-center gap-1.5 sm:shrink" aria-label={text.filters}>
      {filters.chosen.map(({ name, value }) => (
        <li key={name}>
          <button
            type="button"
            onClick={() => filters.choose(name, null)}
            aria-label={text.remove(text.names[name], value)}
            className={CHIP}
          >
            <span className="truncate">
              {text.names[name]}: {name === "role" ? (text.roles[value] ?? value) : value}
            </span>
            <X aria-hidden className="size-3.5 shrink-0" />
          </button>
        </li>
      ))}
      {filters.failed && (
        <li>
          <button type="button" onClick={() => filters.chooseFailed(null)} aria-label={text.removeFailed(text.failed[filters.failed])} className={CHIP}>
            {text.failed[filters.failed]}
            <X aria-hidden className="size-3.5 shrink-0" />
          </button>
        </li>
      )}
      {filters.chosen.length + Number(filters.failed !== null) > 1 && (
        <li>
          <button type="button" onClick={filters.clear} className="px-2 text-sm text-muted hover:text-ink">
            {text.clear}
          </button>
        </li>
      )}
    </ul>
  );
}
