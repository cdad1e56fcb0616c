import Link from "next/link";
import { sessionAddress } from "@/address/pages";
import { SessionName, type Nameable } from "@/components/session-name";

/** Sessions behind a figure that no filter describes. */
export function Examples({ sessions }: { sessions: readonly Nameable[] }) {
  return (
    <span className="inline-flex max-w-full flex-wrap gap-x-3 gap-y-0.5 align-bottom">
      {sessions.map((session) => (
        <Link
          key={session.session_id}
          href={sessionAddress(session.session_id)}
          title={session.title ?? session.opening ?? session.session_id}
          className="max-w-64 truncate underline decoration-line-strong/60 underline-offset-2 hover:decoration-accent"
        >
          <SessionName session={session} />
        </Link>
      ))}
    </span>
  );
}
