import type { ReactNode } from "react";
import type { useFilters } from "@/address/use-filters";
import { FilterChips } from "@/components/filter-chips";
import { FilterMenus } from "@/components/filter-menus";
import { filterTexts } from "@/components/filters";
import { useMessages } from "@/preferences/messages";

interface FilterBarProps {
  filters: ReturnType<typeof useFilters>;
  range: { since?: string; until?: string };
  /** What narrows the page beside the menus. */
  children?: ReactNode;
}

/** Narrows a page to an agent, a channel, a model, a tool, … */
export function FilterBar({ filters, range: { since, until }, children }: FilterBarProps) {
  const text = useMessages(filterTexts);
  return (
    // One row on a phone, whatever comes into it: nothing below moves.
    // It scrolls there, and is reached by the keyboard when none of its menus can be.
    <div
      tabIndex={0}
      role="group"
      aria-label={text.filters}
      className="-mx-1 mb-4 flex min-h-[2.625rem] items-center gap-2 overflow-x-auto p-1 sm:flex-wrap"
    >
      <FilterMenus filters={filters} range={{ since, until }} />
      {children}
      <FilterChips filters={filters} />
    </div>
  );
}
