import { errorOf } from "./problem";
import { accessHeaders } from "./token";

/** A server-sent event. */
export interface StreamEvent {
  name: string;
  id: string;
  data: string;
}

/** What is told beside the API's own events: the connection broke, and is tried again. */
export const DISCONNECTED = "disconnected";

// As the API asks for it with `retry`.
const PAUSE_MS = 2_000;
// The API says something each 15 s: HEARTBEAT_S in api/event_stream.py. One may be late, two are missing.
const SILENCE_MS = 40_000;

/**
 * The events of an address, without end: connects again where the connection breaks, and goes on after the last id.
 *
 * EventSource would do the same, but sends no Authorization header.
 *
 * @param last The id after which to go on; without one, what comes from now on.
 */
export async function* follow(address: string, signal: AbortSignal, last = ""): AsyncGenerator<StreamEvent> {
  while (!signal.aborted) {
    try {
      const headers: Record<string, string> = { ...accessHeaders(), Accept: "text/event-stream" };
      if (last) headers["Last-Event-ID"] = last;
      const response = await fetch(address, { headers, signal, cache: "no-store" });
      if (!response.ok || response.body === null) throw errorOf(response.status, await response.json());
      for await (const event of parse(response.body)) {
        last = event.id || last;
        yield event;
      }
    } catch {
      // Whatever broke it: it is tried again until nobody listens any more.
    }
    if (!signal.aborted) yield { name: DISCONNECTED, id: "", data: "" };
    await pause(PAUSE_MS, signal);
  }
}

/**
 * The events of a stream; fails where it says nothing for too long.
 *
 * Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export async function* parse(stream: ReadableStream<Uint8Array>): AsyncGenerator<StreamEvent> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await withinSilence(reader.read());
      if (done) return;
      const blocks = (rest + decoder.decode(value, { stream: true })).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const event = parseEvent(block);
        if (event) yield event;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** One event, or null where a block says nothing, as a heartbeat does. */
export function parseEvent(block: string): StreamEvent | null {
  const fields = new Map<string, string>();
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    if (colon <= 0) continue;
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).replace(/^ /, "");
    fields.set(name, name === "data" && fields.has("data") ? `${fields.get("data")}\n${value}` : value);
  }
  const data = fields.get("data");
  return data === undefined ? null : { name: fields.get("event") ?? "message", id: fields.get("id") ?? "", data };
}

/** Fails where something takes longer than a stream may be silent. */
function withinSilence<Value>(promise: Promise<Value>): Promise<Value> {
  let timer: ReturnType<typeof setTimeout>;
  const silent = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("the stream is silent")), SILENCE_MS);
  });
  return Promise.race([promise, silent]).finally(() => clearTimeout(timer));
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
