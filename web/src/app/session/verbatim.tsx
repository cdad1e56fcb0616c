"use client";

import { FileJson2, X } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { create } from "zustand";
import useSWR, { useSWRConfig } from "swr";
import { api } from "@/api/client";
import type { ApiError } from "@/api/problem";
import { Button } from "@/components/button";
import { Choice } from "@/components/choice";
import { common } from "@/components/messages";
import { Failed, Loading } from "@/components/states";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { Code } from "./code";
import { texts } from "./messages";

interface Named {
  sessionId: string;
  eventId: string;
  lineNumber: number | null;
}

const useShown = create<{ shown: Named | null; show: (line: Named | null) => void }>((set) => ({
  shown: null,
  show: (shown) => set({ shown }),
}));

// The archive is seconds behind the log: so long an answer may wait for it.
const WAIT_S = 10;

// A line with pictures has megabytes: those that were left last are kept, for who scrolls back to them.
const MOST_LEFT = 8;
const left = new Map<string, readonly string[]>();

/** The bytes of a line as text, from the archive. */
export function useVerbatim(sessionId: string, eventId: string) {
  const { mutate } = useSWRConfig();
  useEffect(() => {
    left.delete(eventId);
    return () => {
      left.set(eventId, keyOf(sessionId, eventId));
      const [oldest] = left;
      if (oldest === undefined || left.size <= MOST_LEFT) return;
      left.delete(oldest[0]);
      void mutate(oldest[1], undefined);
    };
  }, [sessionId, eventId, mutate]);

  return useSWR<string, ApiError>(
    keyOf(sessionId, eventId),
    async () => {
      const { data } = await api.GET("/v1/sessions/{session_id}/lines/{event_id}", {
        params: { path: { session_id: sessionId, event_id: eventId }, query: { wait: WAIT_S } },
        parseAs: "text",
      });
      return String(data);
    },
    // What a line says never changes.
    { revalidateIfStale: false, revalidateOnFocus: false, revalidateOnReconnect: false, shouldRetryOnError: false },
  );
}

const keyOf = (sessionId: string, eventId: string) => ["verbatim", sessionId, eventId] as const;

/** Opens the line behind an entry. */
export function VerbatimButton({ labelled, ...line }: Named & { labelled?: boolean }) {
  const text = useMessages(texts);
  const show = useShown((state) => state.show);
  return (
    <button
      type="button"
      onClick={() => show(line)}
      aria-label={text.verbatim}
      title={text.verbatim}
      className="inline-flex items-center gap-1.5 rounded-md p-1 text-xs text-muted hover:bg-sunken hover:text-ink"
    >
      <FileJson2 aria-hidden className="size-4" strokeWidth={1.75} />
      {labelled && text.verbatim}
    </button>
  );
}

/** The line that is looked at, over the page. */
export function VerbatimDialog() {
  const { shown, show } = useShown();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (shown) dialog.current?.showModal();
    else dialog.current?.close();
  }, [shown]);
  useEffect(() => () => useShown.getState().show(null), []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby="verbatim"
      onClose={() => show(null)}
      onClick={(event) => event.target === dialog.current && show(null)}
      className="m-auto w-[min(60rem,calc(100vw-2rem))] rounded-2xl border border-line bg-surface text-ink shadow-2xl backdrop:bg-black/40"
    >
      {shown && <Shown {...shown} />}
    </dialog>
  );
}

function Shown({ sessionId, eventId, lineNumber }: Named) {
  const text = useMessages(texts);
  const close = useMessages(common).close;
  const format = useFormat();
  const show = useShown((state) => state.show);
  const [look, setLook] = useState<"written" | "formatted">("written");
  const [isCopied, setCopied] = useState(false);
  const { data, error, mutate } = useVerbatim(sessionId, eventId);
  const formatted = useMemo(() => (data === undefined || look === "written" ? null : indented(data)), [data, look]);

  const copy = async () => {
    await navigator.clipboard.writeText(data ?? "");
    setCopied(true);
  };

  return (
    <div className="flex flex-col gap-4 p-6">
      <div className="flex items-start justify-between gap-4">
        <div className="min-w-0">
          <h2 id="verbatim" className="text-lg font-semibold">
            {lineNumber === null ? text.verbatim : text.verbatimOf(format.number(lineNumber))}
          </h2>
          <p className="text-sm text-muted">{text.verbatimProof}</p>
        </div>
        <Button look="quiet" aria-label={close} onClick={() => show(null)} className="-mt-1 -mr-2 px-2">
          <X aria-hidden className="size-5" />
        </Button>
      </div>
      {error ? (
        <Failed error={error} retry={() => void mutate()} />
      ) : data === undefined ? (
        <Loading />
      ) : (
        <>
          <Code code={formatted ?? data} language={formatted === null ? null : "json"} label={text.verbatim} wrap />
          <div className="flex flex-wrap items-center justify-between gap-3">
            <Choice
              quiet
              legend={text.verbatim}
              value={look}
              options={[
                { value: "written", label: text.asWritten },
                { value: "formatted", label: text.formatted },
              ]}
              onChange={setLook}
            />
            <Button onClick={() => void copy()}>{isCopied ? text.copied : text.copy}</Button>
          </div>
        </>
      )}
    </div>
  );
}

/** JSON with indentation, or null where it is none. */
function indented(line: string): string | null {
  try {
    return JSON.stringify(JSON.parse(line), null, 2);
  } catch {
    return null;
  }
}
