"use client";

import Link from "next/link";
import { sessionAddress } from "@/address/pages";
import { useApi } from "@/api/use-api";
import { pieces } from "@/components/highlight";
import { SessionName } from "@/components/session-name";
import { Failed, Loading } from "@/components/states";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { texts } from "./messages";

/** Sessions that are about the same; each opens where it is most similar. */
export function SimilarSessions({ sessionId }: { sessionId: string }) {
  const text = useMessages(texts);
  const format = useFormat();
  const { data, error, mutate } = useApi(
    "/v1/sessions/{session_id}/similar",
    { params: { path: { session_id: sessionId } } },
    { revalidateOnFocus: false, shouldRetryOnError: false },
  );
  if (error) return <Failed error={error} retry={() => void mutate()} />;
  if (!data) return <Loading />;
  if (data.sessions.length === 0) return <p className="px-2 text-sm text-muted">{text.noSimilar}</p>;
  return (
    <ol className="divide-y divide-line">
      {data.sessions.map((session) => (
        <li key={session.session_id} className="py-1">
          <Link
            href={sessionAddress(session.session_id, session.entry_id)}
            prefetch={false}
            className="block rounded-md px-2 py-1 text-sm hover:bg-sunken"
          >
            <span className="block truncate font-medium">
              <SessionName session={session} />
            </span>
            <span className="block text-xs text-muted">
              {[session.last_activity_at && format.dateTime(session.last_activity_at), session.channel, session.agent]
                .filter(Boolean)
                .join(" · ")}
            </span>
            <span className="mt-0.5 line-clamp-2 text-xs break-words">
              {pieces(session.snippet).map((piece, index) =>
                piece.found ? <mark key={index}>{piece.text}</mark> : piece.text,
              )}
            </span>
          </Link>
        </li>
      ))}
    </ol>
  );
}
