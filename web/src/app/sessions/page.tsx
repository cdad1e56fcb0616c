"use client";

import Link from "next/link";
import useSWRInfinite from "swr/infinite";
import { sessionAddress } from "@/address/pages";
import { useFilters } from "@/address/use-filters";
import { useRange } from "@/address/use-range";
import { FilterBar } from "@/analysis/filter-bar";
import { Found } from "@/analysis/found";
import type { ApiError } from "@/api/problem";
import type { components } from "@/api/schema";
import { isOfBefore, read } from "@/api/use-api";
import { Button } from "@/components/button";
import { filterTexts } from "@/components/filters";
import { PageHead } from "@/components/page-head";
import { RangePicker } from "@/components/range-picker";
import { SessionName } from "@/components/session-name";
import { Commands, Empty, Failed, Loading } from "@/components/states";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { texts } from "./messages";

type Session = components["schemas"]["SessionFacts"];
type SessionPage = components["schemas"]["SessionPage"];

const ON_A_PAGE = 50;

export default function SessionsPage() {
  const text = useMessages(texts);
  const filterText = useMessages(filterTexts);
  const range = useRange("all");
  const filters = useFilters();
  const asked = { ...filters.query, ...range.query, limit: ON_A_PAGE };
  const found = useSWRInfinite<SessionPage, ApiError>(
    (_: number, before: SessionPage | null) => {
      if (before === null) return ["sessions", asked];
      return before.next ? ["sessions", { ...asked, after: before.next }] : null;
    },
    ([, query]: [string, typeof asked]) => read("/v1/sessions", { params: { query } }),
    { keepPreviousData: true, revalidateFirstPage: true },
  );
  const sessions = found.data?.flatMap((page) => page.sessions) ?? [];
  const hasMore = Boolean(found.data?.at(-1)?.next);

  return (
    <>
      <PageHead title={text.title} actions={<RangePicker range={range} />}>
        {text.what}
      </PageHead>
      <FilterBar filters={filters} range={range.query}>
        {!filters.failed && (
          <button
            type="button"
            onClick={() => filters.chooseFailed("any")}
            className="shrink-0 rounded-lg border border-line bg-surface px-2.5 py-1.5 text-sm hover:border-line-strong"
          >
            {filterText.failed.any}
          </button>
        )}
      </FilterBar>
      <Found sessions={found.data && sessions.length} busy={isOfBefore(found)} />
      {found.error ? (
        <Failed error={found.error} retry={() => void found.mutate()} />
      ) : !found.data ? (
        <Loading />
      ) : sessions.length === 0 ? (
        <None isFiltered={filters.isFiltered} />
      ) : (
        <ul aria-busy={isOfBefore(found)} className="divide-y divide-line overflow-hidden rounded-xl border border-line bg-surface">
          {sessions.map((session) => (
            <li key={session.session_id}>
              <Row session={session} />
            </li>
          ))}
        </ul>
      )}
      {hasMore && (
        <div className="py-4">
          <Button onClick={() => void found.setSize(found.size + 1)} disabled={found.isValidating}>
            {text.more}
          </Button>
        </div>
      )}
    </>
  );
}

function None({ isFiltered }: { isFiltered: boolean }) {
  const text = useMessages(texts);
  return (
    <Empty title={isFiltered ? text.noneFiltered : text.none}>
      <Commands text={isFiltered ? text.noneFilteredHint : text.noneHint} />
    </Empty>
  );
}

function Row({ session }: { session: Session }) {
  const text = useMessages(texts);
  const format = useFormat();
  const facts = [session.channel, session.agent_id, session.models_used.map((used) => String(used.model)).join(", ")];
  return (
    <Link
      href={sessionAddress(session.session_id)}
      prefetch={false}
      className="grid gap-x-6 gap-y-0.5 px-5 py-3 transition-colors hover:bg-sunken/60 sm:grid-cols-[minmax(0,1fr)_auto]"
    >
      <span className="truncate font-medium"><SessionName session={session} /></span>
      <time
        dateTime={session.last_activity_at}
        title={format.exact(session.last_activity_at)}
        className="text-sm whitespace-nowrap text-muted sm:text-right"
      >
        {format.dateTime(session.last_activity_at)}
      </time>
      <span className="truncate text-sm text-muted">{facts.filter(Boolean).join(" · ")}</span>
      <span className="flex flex-wrap gap-x-3 text-sm text-muted tabular-nums sm:justify-end">
        {session.error_count > 0 && (
          <span className="text-bad">{text.errors(session.error_count, format.number(session.error_count))}</span>
        )}
        <span>{text.messages(session.message_count, format.number(session.message_count))}</span>
        <span>{text.tokens(format.compact(session.total_tokens))}</span>
        <span className="text-right sm:min-w-14">{format.cost(session.cost_usd)}</span>
      </span>
    </Link>
  );
}
