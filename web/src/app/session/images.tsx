"use client";

import { useMemo } from "react";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { texts } from "./messages";
import { picturesOf } from "./pictures";
import { useVerbatim } from "./verbatim";

/** The images of an entry: they stand in its verbatim line alone. Their place keeps its height. */
export function Images({ sessionId, eventId, count }: { sessionId: string; eventId: string; count: number }) {
  const text = useMessages(texts);
  const format = useFormat();
  const { data, error } = useVerbatim(sessionId, eventId);
  // A line with pictures has megabytes.
  const pictures = useMemo(() => (data === undefined ? [] : picturesOf(data)), [data]);
  const isMissing = error !== undefined || (data !== undefined && pictures.length === 0);
  return (
    <div className="my-2 flex h-52 gap-3 overflow-x-auto" role="group" aria-label={text.images(count, format.number(count))}>
      {isMissing ? (
        <p className="flex h-full items-center rounded-lg bg-sunken px-4 text-sm text-muted">{text.noImages}</p>
      ) : (
        pictures.map((picture, index) => (
          // eslint-disable-next-line @next/next/no-img-element -- it is in the page already
          <img
            key={index}
            src={picture.source}
            alt={text.imageOf(format.number(index + 1))}
            className="max-h-full w-auto max-w-full self-start rounded-lg border border-line object-contain"
          />
        ))
      )}
    </div>
  );
}
