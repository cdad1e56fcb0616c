import type { components } from "./schema";

export type Problem = components["schemas"]["Problem"];

/** Why a request was not answered: what went wrong, and what to do next. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    message: string,
    /** The HTTP status; 0 where the API did not answer at all. */
    readonly status: number,
    readonly hint: string | null,
  ) {
    super(message);
  }
}

/** The error that an answer tells of. */
export function errorOf(status: number, body: unknown): ApiError {
  if (isProblem(body)) return new ApiError(body.detail, status, body.hint ?? null);
  return new ApiError(`HTTP ${status}`, status, null);
}

function isProblem(body: unknown): body is Problem {
  return typeof body === "object" && body !== null && "detail" in body && typeof body.detail === "string";
}
