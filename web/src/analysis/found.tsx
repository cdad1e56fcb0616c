"use client";

import { common } from "@/components/messages";
import { Announcement } from "@/components/states";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { texts } from "./messages";

interface FoundProps {
  /** How many there are; undefined until that is known. */
  sessions?: number;
  /** Whether that is of the question before. */
  busy: boolean;
}

/** Says that what a page shows has changed with its filters and its range, and how many sessions that are. */
export function Found({ sessions, busy }: FoundProps) {
  const text = useMessages(texts);
  const { loading } = useMessages(common);
  const format = useFormat();
  return <Announcement>{busy ? loading : sessions !== undefined && text.sessionsOf(sessions, format.number(sessions))}</Announcement>;
}
