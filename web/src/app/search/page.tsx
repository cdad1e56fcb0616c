"use client";

import { useRef, type KeyboardEvent } from "react";
import { Choice } from "@/components/choice";
import { FilterChips } from "@/components/filter-chips";
import { PageHead } from "@/components/page-head";
import { RangePicker } from "@/components/range-picker";
import { Empty, Failed, Loading } from "@/components/states";
import { useMessages } from "@/preferences/messages";
import { Facets } from "./facets";
import { Operators } from "./operators";
import { Results } from "./results";
import { SearchField } from "./search-field";
import { texts } from "./messages";
import { useQuery, useSearch, useTyped, type By, type Mode } from "./use-search";

export default function SearchPage() {
  const text = useMessages(texts);
  const query = useQuery();
  const found = useSearch(query);
  const { typed, type } = useTyped(query.q, (q) => query.change({ q: q.trim() }));
  const field = useRef<HTMLInputElement>(null);
  const page = useRef<HTMLDivElement>(null);

  const move = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      if (document.activeElement === field.current && typed !== "") type("");
      field.current?.focus();
      return;
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    if (moveFocus(page.current, field.current, event.key === "ArrowDown" ? 1 : -1)) event.preventDefault();
  };

  return (
    <div ref={page} onKeyDown={move}>
      <PageHead title={text.title} actions={<RangePicker range={query.range} />} />
      <SearchField ref={field} typed={typed} onType={type} isLoading={found.isLoading} />
      <div className="mt-3 flex flex-wrap items-center justify-between gap-3">
        <div className="flex flex-wrap gap-2">
          <Choice<By>
            quiet
            legend={text.by}
            value={query.by}
            options={(["message", "session"] as const).map((value) => ({ value, label: text.bys[value] }))}
            onChange={(by) => query.change({ by: by === "message" ? null : by }, "push")}
          />
          <Choice<Mode>
            quiet
            legend={text.mode}
            value={query.mode}
            options={(["hybrid", "text", "semantic"] as const).map((value) => ({ value, label: text.modes[value] }))}
            onChange={(mode) => query.change({ mode: mode === "hybrid" ? null : mode }, "push")}
          />
        </div>
        <p aria-hidden className="hidden text-xs text-muted lg:block">
          {text.keys}
        </p>
      </div>
      <div className="mt-3">
        <FilterChips filters={query.filters} />
      </div>
      {query.isAsked ? (
        <div className="mt-4 grid gap-x-10 gap-y-4 lg:grid-cols-[minmax(0,1fr)_15rem]">
          <div className="min-w-0">
            <Answer found={found} />
          </div>
          <Facets query={query} />
        </div>
      ) : (
        <Operators onChoose={(example) => (type(example), field.current?.focus())} />
      )}
    </div>
  );
}

function Answer({ found }: { found: ReturnType<typeof useSearch> }) {
  const text = useMessages(texts);
  if (found.error) return <Failed error={found.error} retry={found.retry} />;
  const first = found.pages[0];
  if (!first) return <Loading />;
  const isEmpty = "hits" in first ? first.hits.length === 0 : first.sessions.length === 0;
  return (
    <>
      {first.notes.length > 0 && (
        <div role="status" className="mb-4 rounded-lg bg-warn-soft px-4 py-2.5 text-sm text-warn">
          <p className="font-medium">{text.noteTitle}</p>
          {first.notes.map((note) => (
            <p key={note}>{note}</p>
          ))}
        </div>
      )}
      {first.by_meaning_alone && !isEmpty && (
        <p role="status" className="mb-4 rounded-lg bg-sunken px-4 py-2.5 text-sm">
          {text.byMeaningAlone}
        </p>
      )}
      {isEmpty ? <Empty title={text.nothing}>{text.nothingHint}</Empty> : <Results found={found} />}
    </>
  );
}

/** Moves the focus from the field to the hits, and from hit to hit; tells whether there was somewhere to go. */
function moveFocus(page: HTMLElement | null, field: HTMLInputElement | null, step: 1 | -1): boolean {
  const hits = Array.from(page?.querySelectorAll<HTMLElement>("[data-hit]") ?? []);
  const at = hits.indexOf(document.activeElement as HTMLElement);
  if (at === -1 && document.activeElement !== field) return false;
  const next = at + step < 0 ? field : hits[at + step];
  next?.focus();
  return next !== undefined && next !== null;
}
