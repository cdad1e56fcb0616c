"use client";

import Link from "next/link";
import { sessionAddress } from "@/address/pages";
import type { components } from "@/api/schema";
import { Button } from "@/components/button";
import { filterTexts } from "@/components/filters";
import { pieces } from "@/components/highlight";
import { SessionName } from "@/components/session-name";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { texts } from "./messages";
import { HITS, type useSearch } from "./use-search";

type Hit = components["schemas"]["Hit"];
type SessionHit = components["schemas"]["SessionHit"];

/** What was found, best first. */
export function Results({ found }: { found: ReturnType<typeof useSearch> }) {
  const text = useMessages(texts);
  const format = useFormat();
  const hits = found.pages.flatMap((page) => ("hits" in page ? page.hits : []));
  const sessions = found.pages.flatMap((page) => ("sessions" in page ? page.sessions : []));
  return (
    <>
      <p role="status" className="mb-1 text-sm text-muted">
        {text.hits(format.number(hits.length + sessions.length), found.hasMore || sessions.length === HITS)}
      </p>
      <ol className="divide-y divide-line">
        {hits.map((hit) => (
          <li key={hit.message_id} className="py-1">
            <HitLink hit={hit} titled />
          </li>
        ))}
        {sessions.map((session) => (
          <li key={session.session_id} className="py-3">
            <FoundSession session={session} />
          </li>
        ))}
      </ol>
      {found.hasMore && (
        <div className="py-4">
          <Button onClick={found.more} disabled={found.isLoading}>
            {text.more}
          </Button>
        </div>
      )}
    </>
  );
}

/** A message; the whole of it is the link. */
function HitLink({ hit, titled }: { hit: Hit; titled?: boolean }) {
  const text = useMessages(texts);
  const { roles } = useMessages(filterTexts);
  const format = useFormat();
  const snippet = pieces(hit.snippet);
  const who = hit.role === "user" ? (hit.sender ?? roles.user) : (roles[hit.role] ?? hit.role);
  return (
    <Link
      href={sessionAddress(hit.session_id, hit.entry_id)}
      prefetch={false}
      data-hit
      className="-mx-3 block rounded-lg px-3 py-2.5 hover:bg-surface focus:bg-surface"
    >
      <span className="flex flex-wrap items-baseline justify-between gap-x-4">
        {titled && <span className="min-w-0 truncate font-medium"><SessionName session={hit} /></span>}
        <time dateTime={hit.timestamp} title={format.exact(hit.timestamp)} className="text-xs whitespace-nowrap text-muted">
          {format.dateTime(hit.timestamp)}
        </time>
      </span>
      <span className="mt-0.5 line-clamp-3 break-words text-[0.9375rem]">
        {snippet.map((piece, index) => (piece.found ? <mark key={index}>{piece.text}</mark> : piece.text))}
      </span>
      <span className="mt-1 block text-xs text-muted">
        {[
          who,
          hit.channel,
          hit.agent,
          hit.role === "user" ? null : hit.model,
          snippet.some((piece) => piece.found) ? null : text.byMeaning,
          hit.duplicates > 0 ? text.duplicates(hit.duplicates, format.number(hit.duplicates)) : null,
        ]
          .filter(Boolean)
          .join(" · ")}
      </span>
    </Link>
  );
}

/** A session with its passages, each with what was said around it. */
function FoundSession({ session }: { session: SessionHit }) {
  const format = useFormat();
  return (
    <article>
      <Link
        href={sessionAddress(session.session_id)}
        prefetch={false}
        data-hit
        className="-mx-3 flex flex-wrap items-baseline justify-between gap-x-4 rounded-lg px-3 py-1 hover:bg-surface focus:bg-surface"
      >
        <span className="min-w-0 truncate font-medium"><SessionName session={session} /></span>
        <span className="text-xs text-muted">
          {[session.channel, session.agent, session.last_activity_at && format.dateTime(session.last_activity_at)]
            .filter(Boolean)
            .join(" · ")}
        </span>
      </Link>
      <ul className="border-l-2 border-line pl-4">
        {session.passages.map(({ hit }) => (
          <li key={hit.message_id}>
            <HitLink hit={hit} />
          </li>
        ))}
      </ul>
    </article>
  );
}
