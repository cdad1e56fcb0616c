import type { useFilters } from "@/address/use-filters";
import type { Span } from "@/analysis/span";

/** What every part of the page is about. */
export interface Given {
  filters: ReturnType<typeof useFilters>["query"];
  span: Span;
  className?: string;
}

/** The filters of the sessions behind a figure of the whole span. */
export function here({ filters, span }: Given) {
  return { ...filters, since: span.since ?? null, until: span.until ?? null };
}
