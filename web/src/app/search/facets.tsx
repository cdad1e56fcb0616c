"use client";

import { useApi } from "@/api/use-api";
import { FILTERS, type Filter } from "@/address/use-filters";
import { filterTexts } from "@/components/filters";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { texts } from "./messages";
import { parametersOf, useSettled, type Query } from "./use-search";

const VALUES = 6;
// The hits come first: counting starts when the typing has ended.
const AFTER_TYPING_MS = 350;

/** How many of the messages have which value: each narrows the search. */
export function Facets({ query }: { query: Query }) {
  const text = useMessages(texts);
  const q = useSettled(query.q, AFTER_TYPING_MS);
  const parameters = { ...parametersOf({ ...query, q }), size: VALUES };
  const { data, error } = useApi("/v1/facets", { params: { query: parameters } }, { keepPreviousData: true });

  const groups = error ? (
    <p className="text-sm text-muted">{text.noFacets}</p>
  ) : (
    <>
      {FILTERS.some((name) => data?.facets[name]?.length) && (
        <p className="text-xs text-muted sm:col-span-2">{q.trim() === "" ? text.countedAll : text.counted}</p>
      )}
      {FILTERS.map((name) => (
        <Facet key={name} query={query} name={name} values={data?.facets[name] ?? []} />
      ))}
    </>
  );
  return (
    <section aria-label={text.narrow} className="order-first lg:order-none">
      <details className="rounded-xl border border-line bg-surface lg:hidden">
        <summary className="px-4 py-2.5 text-sm font-medium">{text.narrow}</summary>
        <div className="grid gap-5 px-4 pb-4 sm:grid-cols-2">{groups}</div>
      </details>
      <div className="hidden flex-col gap-5 lg:flex">{groups}</div>
    </section>
  );
}

interface FacetProps {
  query: Query;
  name: Filter;
  values: readonly { value: string; count: number }[];
}

function Facet({ query, name, values }: FacetProps) {
  const names = useMessages(filterTexts);
  if (values.length === 0) return null;
  return (
    <div>
      <h2 className="mb-1 text-xs font-medium text-muted">{names.names[name]}</h2>
      <ul>
        {values.map(({ value, count }) => (
          <li key={value}>
            <FacetButton query={query} name={name} value={value} count={count} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function FacetButton({ query, name, value, count }: { query: Query; name: Filter; value: string; count: number }) {
  const names = useMessages(filterTexts);
  const format = useFormat();
  const isChosen = query.filters.query[name] === value;
  return (
    <button
      type="button"
      aria-pressed={isChosen}
      onClick={() => query.filters.choose(name, isChosen ? null : value)}
      className="flex w-full items-baseline justify-between gap-3 rounded-md px-2 py-0.5 text-left text-sm hover:bg-sunken aria-pressed:bg-accent-soft aria-pressed:text-accent lg:-mx-2"
    >
      <span className="truncate" title={value}>
        {name === "role" ? (names.roles[value] ?? value) : value}
      </span>
      <span className="text-xs text-muted tabular-nums">{format.compact(count)}</span>
    </button>
  );
}
