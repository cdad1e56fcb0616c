import type { useFilters } from "@/address/use-filters";
import { FilterChips } from "@/components/filter-chips";
import { FilterMenus } from "@/components/filter-menus";
import type { Span } from "./span";

/** Narrows a page to an agent, a channel, a model, a tool, … */
export function FilterBar({ filters, span }: { filters: ReturnType<typeof useFilters>; span: Span }) {
  return (
    <div className="mb-5 flex min-h-[2.125rem] flex-wrap items-center gap-2">
      <FilterMenus filters={filters} range={{ since: span.since, until: span.until }} />
      <FilterChips filters={filters} />
    </div>
  );
}
