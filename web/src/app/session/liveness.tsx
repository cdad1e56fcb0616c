"use client";

import { useEffect, useState } from "react";
import { useMessages } from "@/preferences/messages";
import { texts } from "./messages";

// As long as a pause may be within a stretch of work: queries/day.py.
const AT_WORK_MS = 10 * 60_000;
const LOOK_EVERY_MS = 30_000;

/** Whether a session that is followed is at work, has been quiet for long, or can't be followed at the moment. */
export function Liveness({ isListening, lastAt }: { isListening: boolean; lastAt: string }) {
  const text = useMessages(texts);
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  const isAtWork = isListening && now - Date.parse(lastAt) < AT_WORK_MS;
  const look = isAtWork ? "bg-good" : isListening ? "border border-line-strong" : "bg-warn";
  return (
    <span role="status" className="flex items-center gap-2 text-sm text-muted" title={isListening ? text.liveHint : text.disconnectedHint}>
      <span aria-hidden className={`size-2 rounded-full ${look}`} />
      {isAtWork ? text.live : isListening ? text.followed : text.disconnected}
    </span>
  );
}
