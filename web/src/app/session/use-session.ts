"use client";

import { createContext, useContext, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import useSWR, { useSWRConfig } from "swr";
import { DISCONNECTED, follow } from "@/api/event-stream";
import type { components } from "@/api/schema";
import { useAccess } from "@/api/token";
import { read } from "@/api/use-api";
import { Contents, type Line, type LineKey } from "./contents";
import { Looks } from "./looks";
import { generationWith, Outline, type TreeGeneration } from "./outline";
import { useVisible } from "./use-visible";

type Event = components["schemas"]["EventFacts"];

// As many as the API gives at most.
const PART_ENTRIES = 5_000;
// These change how earlier lines hang together, or which lines count at all.
const RESHAPING: ReadonlySet<string> = new Set(["LEAF", "LABEL", "BRANCH_SUMMARY", "SESSION", "TRANSCRIPT_HEAD"]);

/** A session as it is read: its tree, and what its lines say. */
export function useReading(sessionId: string, generation: number | null) {
  const reading = useMemo(() => {
    const path = { session_id: sessionId };
    return {
      outline: new Outline((after) => readTree(sessionId, generation, after)),
      contents: new Contents((first, last, after) =>
        read("/v1/sessions/{session_id}/entries", { params: { path, query: { first, last, after, limit: 200 } } }),
      ),
    };
  }, [sessionId, generation]);
  const { outline, contents } = reading;
  const state = useSyncExternalStore(outline.subscribe, outline.current, outline.current);

  // Again as well, when somebody has signed in.
  const isRefused = useAccess((access) => access.refused);
  useEffect(() => {
    if (!isRefused) void outline.refresh("whole");
  }, [outline, isRefused]);
  return { outline, contents, state };
}

/** The latest generation that has an entry; null where none has, undefined until that is known. */
export function useGenerationWith(sessionId: string, entry: string, generations: readonly TreeGeneration[]) {
  return useSWR(["generation with", sessionId, entry, generations.length], () =>
    generationWith(entry, generations, (generation, after) => readTree(sessionId, generation, after)),
  ).data;
}

function readTree(sessionId: string, generation: number | null, after: string | null) {
  return read("/v1/sessions/{session_id}/tree", {
    params: { path: { session_id: sessionId }, query: { limit: PART_ENTRIES, generation, after } },
  });
}

/** Whether the events of a session are listened to; null where nobody wants to, or it is not known yet. */
export type Listening = boolean | null;

/**
 * Follows a session while somebody sees the page: a browser has but a few connections to a host.
 *
 * @param isOver Whether nothing more comes of this session.
 */
export function useLive(
  sessionId: string,
  { outline, contents }: Pick<ReturnType<typeof useReading>, "outline" | "contents">,
  isOver: boolean,
): Listening {
  const [isListening, setListening] = useState<Listening>(null);
  const isFollowed = useVisible() && !isOver;
  const { mutate } = useSWRConfig();
  /** What was heard last: from there it goes on when the page is seen again. */
  const heard = useRef<{ position: string; entry: string | null }>({ position: "", entry: null });
  const looks = useMemo(
    () =>
      new Looks((from, reshaped) => {
        contents.outdate(from);
        void outline.refresh(reshaped ? "whole" : "tail");
        void mutate((key) => Array.isArray(key) && key[0] === "/v1/sessions/{session_id}");
      }),
    [outline, contents, mutate],
  );
  // Not with the connection: what was told before that ended is still looked for.
  useEffect(() => () => looks.stop(), [looks]);

  useEffect(() => {
    if (!isFollowed) return;
    const stop = new AbortController();

    const listen = async () => {
      const address = `/v1/sessions/${encodeURIComponent(sessionId)}/live`;
      for await (const { name, id, data } of follow(address, stop.signal, heard.current.position)) {
        heard.current.position = id || heard.current.position;
        if (name === "ready" || name === "gap") {
          setListening(true);
          // What happened between the first reading and now, or while the connection was broken.
          // Of a session that is not there once more is enough: that it begins is an event.
          looks.add(1, name === "gap", outline.current().error?.status === 404 ? [100] : undefined);
        } else if (name === "message") {
          const event = JSON.parse(data) as Event;
          const last = heard.current.entry;
          const branches = event.parent_entry_id !== null && last !== null && event.parent_entry_id !== last;
          heard.current.entry = event.entry_id ?? last;
          looks.add(Math.max((event.line_number ?? 1) - 1, 1), branches || RESHAPING.has(event.kind));
        } else if (name === DISCONNECTED) {
          setListening(false);
        }
      }
    };
    void listen();
    return () => {
      stop.abort();
      setListening(null);
    };
  }, [sessionId, isFollowed, outline, looks]);
  return isListening;
}

export const ContentsContext = createContext<Contents | null>(null);

/** What a line says; undefined while it is being read. */
export function useLine(key: LineKey): { line: Line | undefined; hasFailed: boolean; retry: () => void } {
  const contents = useContext(ContentsContext);
  if (contents === null) throw new Error("useLine is used outside of a conversation");
  const line = useSyncExternalStore(contents.subscribe, () => contents.line(key));
  const hasFailed = useSyncExternalStore(contents.subscribe, () => contents.hasFailed(key));
  return { line, hasFailed, retry: () => void contents.want([key.line_number]) };
}
