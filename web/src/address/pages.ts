import type { Changes } from "./use-address";
import { addressOf } from "./use-address";

/** The address of a session, at one of its entries if one is named. */
export const sessionAddress = (id: string, entry: string | null = null) => addressOf("/session", { id, entry });

/** The address of the sessions that filters let pass: `agent`, `channel`, …, `since`, `until`. */
export const sessionsAddress = (filters: Changes) => addressOf("/sessions", filters);
