"use client";

import { useRef, useState } from "react";
import type { SWRResponse } from "swr";
import type { ApiError } from "@/api/problem";
import { useApi, type Answer, type ReadParameters, type ReadPath } from "@/api/use-api";

/** An answer that is asked for again and again. */
export interface Polled<Answered> extends SWRResponse<Answered, ApiError> {
  /** When the last one came; before the first, since when it is asked for. */
  answeredAt: number;
}

/**
 * What a GET answers, asked for at an interval. So it is as well where it was not answered: left alone, SWR would ask
 * more and more seldom then, up to half an hour apart.
 *
 * @param everyMs Between an answer, or a failure, and the next question. Where that depends on what was answered, always
 *   the same function: with another one the time begins anew.
 */
export function usePolled<Path extends ReadPath>(
  path: Path,
  parameters: ReadParameters<Path>,
  everyMs: number | ((latest?: Answer<Path>) => number),
): Polled<Answer<Path>> {
  const [answeredAt, setAnsweredAt] = useState(() => Date.now());
  const retry = useRef<ReturnType<typeof setTimeout>>(undefined);
  const answer = useApi(path, parameters, {
    refreshInterval: everyMs,
    onSuccess: () => setAnsweredAt(Date.now()),
    onErrorRetry: (_error, _key, _options, ask, attempt) => {
      clearTimeout(retry.current);
      retry.current = setTimeout(() => void ask(attempt), typeof everyMs === "number" ? everyMs : everyMs());
    },
  });
  return { ...answer, answeredAt };
}
