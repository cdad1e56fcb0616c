"use client";

import { ChevronLeft } from "lucide-react";
import Link from "next/link";
import { useAddress } from "@/address/use-address";
import type { components } from "@/api/schema";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { PageHead } from "@/components/page-head";
import { ExportButton } from "./export-button";
import { texts } from "./messages";

interface SessionHeadProps {
  session: components["schemas"]["SessionFacts"];
  generation: number | null;
  isLive: boolean;
}

export function SessionHead({ session, generation, isLive }: SessionHeadProps) {
  const text = useMessages(texts);
  const format = useFormat();
  const { parameters, change } = useAddress();
  const facts = [
    session.channel,
    session.agent_id,
    format.dateTime(session.last_activity_at),
    text.tokens(format.compact(session.total_tokens)),
    format.cost(session.cost_usd),
  ];
  return (
    <>
      <Link href="/sessions" className="mb-1 -ml-1 inline-flex items-center gap-0.5 text-sm text-muted hover:text-ink">
        <ChevronLeft aria-hidden className="size-4" />
        {text.back}
      </Link>
      <PageHead
        title={session.title ?? text.untitled(session.session_id)}
        actions={
          <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
            {isLive && session.closed_at === null && (
              <span className="flex items-center gap-2 text-sm text-muted" title={text.liveHint}>
                <span aria-hidden className="size-2 rounded-full bg-good" />
                {text.live}
              </span>
            )}
            <label className="flex items-center gap-2 text-sm text-muted">
              <input
                type="checkbox"
                className="size-4 accent-accent"
                checked={parameters.has("all")}
                onChange={(event) => change({ all: event.target.checked ? "1" : null })}
              />
              {text.showAll}
            </label>
            <ExportButton sessionId={session.session_id} generation={generation} />
          </div>
        }
      >
        {facts.filter(Boolean).join(" · ")}
      </PageHead>
    </>
  );
}
