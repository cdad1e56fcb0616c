"use client";

import { useMessages } from "@/preferences/messages";
import { common } from "./messages";

export interface Nameable {
  session_id: string;
  title: string | null;
  opening?: string | null;
}

/** What a session is called: its title, else how it begins, more quietly, else its short id. */
export function SessionName({ session }: { session: Nameable }) {
  const nameOf = useNameOf();
  return session.title === null ? <span className="font-normal text-muted">{nameOf(session)}</span> : session.title;
}

/** What a session is called, as a text. */
export function useNameOf(): (session: Nameable) => string {
  const text = useMessages(common);
  return ({ title, opening, session_id }) => title ?? opening ?? text.untitled(session_id.slice(0, 8));
}
