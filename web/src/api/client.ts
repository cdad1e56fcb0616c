import createClient, { type Middleware } from "openapi-fetch";
import { ApiError, errorOf } from "./problem";
import type { paths } from "./schema";
import { accessHeaders, token, useAccess } from "./token";

/** Signs requests in, and makes an ApiError of every answer that is none. */
const access: Middleware = {
  onRequest({ request }) {
    for (const [name, value] of Object.entries(accessHeaders())) request.headers.set(name, value);
    return request;
  },
  async onResponse({ response }) {
    if (response.ok) return response;
    if (response.status === 401) useAccess.getState().refuse(token() !== null);
    throw errorOf(response.status, await response.json().catch(() => null));
  },
  onError({ error }) {
    if (error instanceof DOMException && error.name === "AbortError") return;
    return new ApiError(error instanceof Error ? error.message : String(error), 0, null);
  },
};

/** The HTTP API, as docs/openapi.yaml describes it: the one that has served this page. */
export const api = createClient<paths>({ baseUrl: typeof location === "undefined" ? "" : location.origin });
api.use(access);
