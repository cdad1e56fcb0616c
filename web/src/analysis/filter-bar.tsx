import type { useFilters } from "@/address/use-filters";
import { FilterChips } from "@/components/filter-chips";
import { FilterMenus } from "@/components/filter-menus";
import type { Span } from "./span";

/** Narrows a page to an agent, a channel, a model, a tool, … */
export function FilterBar({ filters, span }: { filters: ReturnType<typeof useFilters>; span: Span }) {
  return (
    // One row on a phone, whatever comes into it: nothing below moves.
    <div className="-mx-1 mb-4 flex min-h-[2.625rem] items-center gap-2 overflow-x-auto p-1 sm:flex-wrap">
      <FilterMenus filters={filters} range={{ since: span.since, until: span.until }} />
      <FilterChips filters={filters} />
    </div>
  );
}
