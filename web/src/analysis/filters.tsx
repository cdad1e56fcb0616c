"use client";

import { X } from "lucide-react";
import { useMemo } from "react";
import { useAddress } from "@/address/use-address";
import { useApi } from "@/api/use-api";
import { useMessages } from "@/preferences/messages";
import { texts } from "./messages";

/** What a reader chooses by name. The others stand in the address only. */
const CHOSEN = ["agent", "channel", "model", "tool"] as const;
const OTHERS = ["project", "sender", "role"] as const;
type Filter = (typeof CHOSEN)[number] | (typeof OTHERS)[number];

export type Filters = Partial<Record<Filter, string>>;

/** The filters in the address. */
export function useFilters(): Filters {
  const { parameters } = useAddress();
  return useMemo(() => {
    const found: Filters = {};
    for (const name of [...CHOSEN, ...OTHERS]) {
      const value = parameters.get(name);
      if (value) found[name] = value;
    }
    return found;
  }, [parameters]);
}

/** Narrows a page to an agent, a channel, a model, a tool. */
export function FilterBar() {
  const text = useMessages(texts);
  const filters = useFilters();
  const { change } = useAddress();
  // What there is to choose from changes seldom.
  const { data } = useApi("/v1/facets", { params: { query: { size: 50 } } }, { revalidateOnFocus: false });
  return (
    <div className="mb-5 flex flex-wrap items-center gap-2" role="group" aria-label={text.filters}>
      {CHOSEN.map((name) => (
        <Select
          key={name}
          label={text.filterNames[name]}
          value={filters[name] ?? ""}
          values={data?.facets[name]?.map((each) => each.value) ?? []}
          onChange={(value) => change({ [name]: value }, "push")}
        />
      ))}
      {OTHERS.filter((name) => filters[name]).map((name) => (
        <button
          key={name}
          type="button"
          onClick={() => change({ [name]: null }, "push")}
          className="inline-flex max-w-full items-center gap-1.5 rounded-lg bg-sunken px-2.5 py-1.5 text-sm hover:bg-line"
        >
          <span className="truncate">
            {text.filterNames[name]}: {filters[name]}
          </span>
          <X aria-hidden className="size-3.5 shrink-0 text-muted" />
          <span className="sr-only">{text.remove}</span>
        </button>
      ))}
    </div>
  );
}

interface SelectProps {
  label: string;
  value: string;
  values: readonly string[];
  onChange: (value: string) => void;
}

function Select({ label, value, values, onChange }: SelectProps) {
  const text = useMessages(texts);
  const known = value && !values.includes(value) ? [value, ...values] : values;
  return (
    <label className="min-w-0">
      <span className="sr-only">{label}</span>
      <select
        value={value}
        onChange={(event) => onChange(event.target.value)}
        className={`max-w-40 truncate rounded-lg border bg-surface px-2 py-1.5 text-sm hover:border-line-strong ${value ? "border-accent text-ink" : "border-line text-muted"}`}
      >
        <option value="">{text.any(label)}</option>
        {known.map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
    </label>
  );
}
