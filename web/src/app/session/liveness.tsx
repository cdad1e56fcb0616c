"use client";

import { useEffect, useState } from "react";
import { useMessages } from "@/preferences/messages";
import { texts } from "./messages";

// As long as a pause may be within a stretch of work: queries/day.py.
const AT_WORK_MS = 10 * 60_000;
const LOOK_EVERY_MS = 30_000;

/** Whether a session that is followed is at work, or has been quiet for long. */
export function Liveness({ lastAt }: { lastAt: string }) {
  const text = useMessages(texts);
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  const isAtWork = now - Date.parse(lastAt) < AT_WORK_MS;
  return (
    <span className="flex items-center gap-2 text-sm text-muted" title={text.liveHint}>
      <span aria-hidden className={`size-2 rounded-full ${isAtWork ? "bg-good" : "border border-line-strong"}`} />
      {isAtWork ? text.live : text.followed}
    </span>
  );
}
