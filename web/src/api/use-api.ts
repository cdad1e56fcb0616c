"use client";

import type { FetchResponse, MaybeOptionalInit } from "openapi-fetch";
import type { PathsWithMethod } from "openapi-typescript-helpers";
import useSWR, { type SWRConfiguration, type SWRResponse } from "swr";
import { api } from "./client";
import { ApiError } from "./problem";
import type { paths } from "./schema";

export type ReadPath = PathsWithMethod<paths, "get">;
export type ReadParameters<Path extends ReadPath> = MaybeOptionalInit<paths[Path], "get">;
export type Answer<Path extends ReadPath> = NonNullable<
  FetchResponse<paths[Path]["get"] & Record<string | number, unknown>, object, "application/json">["data"]
>;

/**
 * What a GET answers, kept and shared by address and parameters.
 *
 * @param path As in docs/openapi.yaml, such as `/v1/sessions/{session_id}`; null asks for nothing yet.
 * @param parameters Those of the path and of the query.
 * @param options Of SWR, such as `{ refreshInterval: 5_000 }` or `{ keepPreviousData: true }`.
 */
export function useApi<Path extends ReadPath>(
  path: Path | null,
  parameters: ReadParameters<Path>,
  options?: SWRConfiguration<Answer<Path>, ApiError>,
): SWRResponse<Answer<Path>, ApiError> {
  return useSWR<Answer<Path>, ApiError, [Path, ReadParameters<Path>] | null>(
    path && [path, parameters],
    ([asked, given]) => read(asked, given),
    options,
  );
}

/** Asks once. */
export async function read<Path extends ReadPath>(
  path: Path,
  parameters: ReadParameters<Path>,
  signal?: AbortSignal,
): Promise<Answer<Path>> {
  // The types of one path, of which the compiler knows only that it is one.
  const get = api.GET as (path: Path, init: object) => Promise<{ data?: Answer<Path> }>;
  const { data } = await get(path, { ...parameters, signal });
  return data as Answer<Path>;
}
