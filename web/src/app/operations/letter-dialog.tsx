"use client";

import { useEffect, useId, useRef } from "react";
import { useApi } from "@/api/use-api";
import { Button } from "@/components/button";
import { common } from "@/components/messages";
import { Failed, Loading } from "@/components/states";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import type { Letter } from "./letters-card";
import { texts } from "./messages";

/** Why a record was refused, and what it holds. */
export function LetterDialog({ letter, onClose }: { letter: Letter; onClose: () => void }) {
  const text = useMessages(texts);
  const shared = useMessages(common);
  const format = useFormat();
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  const path = { group: letter.group, record_id: letter.record_id };
  const { data, error } = useApi("/v1/dead-letters/{group}/{record_id}", { params: { path } });
  useEffect(() => dialog.current?.showModal(), []);
  const facts = [
    [text.reason, `${letter.error_class}: ${letter.reason}`],
    [text.worker, `${letter.worker} · ${letter.stage}`],
    [text.place, `${letter.topic} / ${letter.partition} / ${letter.offset}`],
    [text.size, format.bytes(letter.size)],
    [text.firstRefusedAt, format.dateTime(letter.first_failed_at)],
    [text.refusedAt, format.dateTime(letter.failed_at)],
    [text.tries, format.number(letter.tries)],
  ];
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onClose={onClose}
      className="m-auto max-h-[85dvh] w-[min(46rem,calc(100vw-2rem))] overflow-y-auto rounded-xl border border-line bg-surface p-6 text-ink shadow-xl backdrop:bg-black/40"
    >
      <h2 id={id} className="font-mono text-base font-medium break-all">
        {letter.record_id}
      </h2>
      <dl className="mt-4 grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1.5 text-sm">
        {facts.map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="text-muted">{name}</dt>
            <dd className="break-words">{value}</dd>
          </div>
        ))}
      </dl>
      <h3 className="mt-5 mb-2 text-sm text-muted">{text.contents}</h3>
      {error ? (
        <Failed error={error} />
      ) : !data ? (
        <Loading />
      ) : (
        <>
          {data.undecodable && <p className="mb-2 text-sm text-bad">{data.undecodable}</p>}
          <pre
            tabIndex={0}
            aria-label={text.contents}
            className="max-h-80 overflow-auto rounded-lg bg-sunken p-3 font-mono text-[0.8125rem] break-all whitespace-pre-wrap"
          >
            {data.value_base64 ?? JSON.stringify(data.record, null, 2)}
          </pre>
        </>
      )}
      <div className="mt-5 flex justify-end">
        <Button onClick={() => dialog.current?.close()}>{shared.close}</Button>
      </div>
    </dialog>
  );
}
