"use client";

import Link from "next/link";
import { sessionAddress } from "@/address/pages";
import { useApi } from "@/api/use-api";
import { Failed, Loading } from "@/components/states";
import { useMessages } from "@/preferences/messages";
import { texts } from "./messages";

/** Sessions that are about the same; each opens where it is most similar. */
export function SimilarSessions({ sessionId }: { sessionId: string }) {
  const text = useMessages(texts);
  const { data, error, mutate } = useApi(
    "/v1/sessions/{session_id}/similar",
    { params: { path: { session_id: sessionId } } },
    { revalidateOnFocus: false, shouldRetryOnError: false },
  );
  if (error) return <Failed error={error} retry={() => void mutate()} />;
  if (!data) return <Loading />;
  if (data.sessions.length === 0) return <p className="px-2 text-sm text-muted">{text.noSimilar}</p>;
  return (
    <ol>
      {data.sessions.map((session) => (
        <li key={session.session_id}>
          <Link
            href={sessionAddress(session.session_id, session.entry_id)}
            prefetch={false}
            className="block truncate rounded-md px-2 py-1 text-sm hover:bg-sunken"
          >
            {session.title ?? text.untitled(session.session_id)}
          </Link>
        </li>
      ))}
    </ol>
  );
}
