"use client";

import Link from "next/link";
import { useMemo } from "react";
import useSWRInfinite from "swr/infinite";
import { sessionAddress } from "@/address/pages";
import { addressOf } from "@/address/use-address";
import type { ApiError } from "@/api/problem";
import { read, useApi } from "@/api/use-api";
import { Button, buttonLook } from "@/components/button";
import { Card } from "@/components/card";
import { common } from "@/components/messages";
import { PageHead } from "@/components/page-head";
import { useNameOf } from "@/components/session-name";
import { Empty, Failed, Loading } from "@/components/states";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { dayName } from "./days";
import { texts } from "./messages";
import { TurnRow } from "./turn-row";
import { turnsOf, type TimelinePage } from "./turns";

const ON_A_PAGE = 500;

/** One session: its turns, what models and tools took in them, and the waits between. */
export function SessionView({ id }: { id: string }) {
  const text = useMessages(texts);
  const shared = useMessages(common);
  const format = useFormat();
  const nameOf = useNameOf();
  const session = useApi("/v1/sessions/{session_id}", { params: { path: { session_id: id } } });
  const found = useSWRInfinite<TimelinePage, ApiError>(
    (_: number, before: TimelinePage | null) => {
      if (before === null) return ["timeline", id, null];
      return before.next ? ["timeline", id, before.next] : null;
    },
    ([, , after]: [string, string, string | null]) =>
      read("/v1/sessions/{session_id}/timeline", {
        params: { path: { session_id: id }, query: { limit: ON_A_PAGE, after: after ?? undefined } },
      }),
    // What went on since is asked for when the page is opened, not with each page that is added.
    { revalidateOnMount: true, revalidateFirstPage: false },
  );
  const turns = useMemo(() => turnsOf(found.data ?? []), [found.data]);
  const longest = Math.max(0, ...turns.map(({ turn }) => Date.parse(turn.end) - Date.parse(turn.begin)));
  const total = (of: (turn: (typeof turns)[number]["turn"]) => number) => turns.reduce((sum, { turn }) => sum + of(turn), 0);
  const begun = session.data?.created_at;
  const hasMore = Boolean(found.data?.at(-1)?.next);

  return (
    <>
      <PageHead
        title={nameOf(session.data ?? { session_id: id, title: null })}
        actions={
          <div className="flex flex-wrap gap-2">
            {begun && (
              <Link href={addressOf("/timeline", { day: dayName(new Date(begun)) })} className={buttonLook()}>
                {text.toDay}
              </Link>
            )}
            <Link href={sessionAddress(id)} className={buttonLook()}>
              {text.toConversation}
            </Link>
          </div>
        }
      >
        {text.whatSession}
      </PageHead>
      {found.error && !found.data ? (
        <Card>
          <Failed error={found.error} retry={() => void found.mutate()} />
        </Card>
      ) : !found.data ? (
        <Loading className="h-96" />
      ) : turns.length === 0 ? (
        <Card>
          <Empty title={text.noTurns} />
        </Card>
      ) : (
        <Card flush>
          <div className="border-b border-line px-5 pb-4 text-sm">
            <dl className="flex flex-wrap gap-x-8 gap-y-2">
              <Sum name={text.turns} value={format.number(turns.length)} />
              <Sum name={text.models} value={format.duration(total((turn) => turn.model_ms))} look="bg-series-1" />
              <Sum name={text.tools} value={format.duration(total((turn) => turn.tool_ms))} look="bg-series-2" />
              <Sum name={text.waits} value={format.duration(total((turn) => turn.wait ?? 0))} />
              <Sum name={text.errors} value={format.number(total((turn) => turn.errors))} look="bg-bad" />
            </dl>
            {hasMore && (
              <p className="mt-3 text-muted">{text.firstOnly(format.number(ON_A_PAGE * found.data.length))}</p>
            )}
          </div>
          <ol className="divide-y divide-line" aria-label={text.turns}>
            {turns.map((each) => (
              <TurnRow key={`${each.turn.begin}-${each.turn.entry_id}`} of={each} session={id} longest={longest} />
            ))}
          </ol>
          {hasMore && (
            <div className="border-t border-line px-5 py-4">
              <Button onClick={() => void found.setSize(found.size + 1)} disabled={found.isValidating}>
                {shared.more}
              </Button>
            </div>
          )}
        </Card>
      )}
    </>
  );
}

function Sum({ name, value, look }: { name: string; value: string; look?: string }) {
  return (
    <div>
      <dt className="flex items-center gap-1.5 text-muted">
        {look && <span aria-hidden className={`h-2.5 w-4 rounded-[3px] ${look}`} />}
        {name}
      </dt>
      <dd className="text-base font-medium tabular-nums">{value}</dd>
    </div>
  );
}
