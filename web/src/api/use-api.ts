"use client";

import useSWR, { type SWRConfiguration, type SWRResponse } from "swr";
import { api } from "./client";
import type { ApiError } from "./problem";
import type { paths } from "./schema";

type Read<Answered> = { get: { responses: { 200: { content: { "application/json": Answered } } } } };

/** The addresses that are read, such as `/v1/sessions/{session_id}`. */
export type ReadPath = {
  [Path in keyof paths]: paths[Path] extends Read<unknown> ? Path : never;
}[keyof paths];

/** What an address answers. */
export type Answer<Path extends ReadPath> = paths[Path] extends Read<infer Answered> ? Answered : never;

type Given<Path extends ReadPath> = paths[Path]["get"] extends { parameters: infer All }
  ? Pick<All, Extract<keyof All, "path" | "query">>
  : never;

/** What an address is asked with; `params` may be left out where nothing has to be given. */
export type ReadParameters<Path extends ReadPath> =
  Record<never, never> extends Given<Path> ? { params?: Given<Path> } : { params: Given<Path> };

/**
 * What a GET answers, kept and shared by address and parameters.
 *
 * @param path As in docs/openapi.yaml; null asks for nothing yet.
 * @param parameters Those of the path and of the query.
 * @param options Of SWR, such as `{ refreshInterval: 5_000 }` or `{ keepPreviousData: true }`.
 */
export function useApi<Path extends ReadPath>(
  path: Path | null,
  parameters: ReadParameters<Path>,
  options?: SWRConfiguration<Answer<Path>, ApiError>,
): SWRResponse<Answer<Path>, ApiError> {
  return useSWR<Answer<Path>, ApiError>(
    path && [path, parameters],
    ([asked, given]: [Path, ReadParameters<Path>]) => read(asked, given),
    options,
  );
}

/** Whether what is there answers the question before (`keepPreviousData`), as the one that is asked is not answered yet. */
export const isOfBefore = ({ data, isLoading }: Pick<SWRResponse, "data" | "isLoading">) => data !== undefined && isLoading;

/** Asks once. */
export async function read<Path extends ReadPath>(
  path: Path,
  parameters: ReadParameters<Path>,
  signal?: AbortSignal,
): Promise<Answer<Path>> {
  // Of a path that is a parameter the compiler knows only that it is one: its types are those above.
  const get = api.GET as unknown as (path: Path, init: object) => Promise<{ data: Answer<Path> }>;
  return (await get(path, { ...parameters, signal })).data;
}
