"use client";

import { GanttChart } from "lucide-react";
import Link from "next/link";
import { addressOf, useAddress } from "@/address/use-address";
import type { components } from "@/api/schema";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { buttonLook } from "@/components/button";
import { common } from "@/components/messages";
import { PageHead } from "@/components/page-head";
import { useNameOf } from "@/components/session-name";
import { BackLink } from "./back-link";
import { ExportButton } from "./export-button";
import { Liveness } from "./liveness";
import { texts } from "./messages";
import type { Listening } from "./use-session";

interface SessionHeadProps {
  session: components["schemas"]["SessionFacts"];
  generation: number | null;
  isListening: Listening;
}

export function SessionHead({ session, generation, isListening }: SessionHeadProps) {
  const text = useMessages(texts);
  const { pages } = useMessages(common);
  const format = useFormat();
  const nameOf = useNameOf();
  const { parameters, change } = useAddress();
  const facts = [
    session.channel,
    session.agent_id,
    text.lastActive(format.dateTime(session.last_activity_at)),
    text.tokens(format.compact(session.total_tokens)),
    format.cost(session.cost_usd),
  ];
  return (
    <>
      <BackLink />
      <PageHead
        title={nameOf(session)}
        actions={
          <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
            {isListening !== null && <Liveness isListening={isListening} lastAt={session.last_activity_at} />}
            <label className="flex items-center gap-2 text-sm text-muted">
              <input
                type="checkbox"
                className="size-4 accent-accent"
                checked={parameters.has("all")}
                onChange={(event) => change({ all: event.target.checked ? "1" : null })}
              />
              {text.showAll}
            </label>
            <Link href={addressOf("/timeline", { session: session.session_id })} prefetch={false} className={buttonLook()}>
              <GanttChart aria-hidden className="size-4" strokeWidth={1.75} />
              {pages.timeline}
            </Link>
            <ExportButton sessionId={session.session_id} generation={generation} />
          </div>
        }
      >
        {facts.filter(Boolean).join(" · ")}
      </PageHead>
    </>
  );
}
