"use client";

import { X } from "lucide-react";
import { useEffect, useRef, type RefObject } from "react";
import type { useFilters } from "@/address/use-filters";
import { useMessages } from "@/preferences/messages";
import { filterTexts } from "./filters";

const CHIP =
  "flex max-w-72 items-center gap-1.5 rounded-full bg-accent-soft py-1 pr-2 pl-3 text-sm text-accent hover:brightness-95";

/** The filters that hold, each with a button that removes it. */
export function FilterChips({ filters }: { filters: ReturnType<typeof useFilters> }) {
  const text = useMessages(filterTexts);
  const list = useRef<HTMLUListElement>(null);
  useKeptFocus(list, [...filters.chosen.map(({ name }) => name), ...(filters.failed ? ["failed"] : [])].join(" "));
  return (
    <ul ref={list} hidden={!filters.isFiltered} className="flex shrink-0 flex-wrap items-center gap-1.5 sm:shrink" aria-label={text.filters}>
      {filters.chosen.map(({ name, value }) => (
        <li key={name}>
          <button
            type="button"
            data-filter={name}
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
          <button
            type="button"
            data-filter="failed"
            onClick={() => filters.chooseFailed(null)}
            aria-label={text.removeFailed(text.failed[filters.failed])}
            className={CHIP}
          >
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

/**
 * A filter that is chosen leaves its menu, one that is removed its chip: where that had the focus, the chip that came
 * gets it, else what the chips stand in.
 */
function useKeptFocus(list: RefObject<HTMLUListElement | null>, names: string) {
  const before = useRef(names);
  useEffect(() => {
    if (before.current === names) return;
    const known = before.current.split(" ");
    before.current = names;
    if (document.activeElement !== document.body) return;
    const came = names.split(" ").find((name) => !known.includes(name));
    const chip = list.current?.querySelector<HTMLElement>(`[data-filter="${came}"]`);
    (chip ?? list.current?.closest<HTMLElement>("[tabindex]"))?.focus({ preventScroll: chip === null });
  }, [list, names]);
}
