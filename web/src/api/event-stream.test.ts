import { afterEach, describe, expect, it, vi } from "vitest";
import { follow, parse, parseEvent, type StreamEvent } from "./event-stream";

function streamOf(...pieces: string[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
      controller.close();
    },
  });
}

async function all(events: AsyncIterable<StreamEvent>): Promise<StreamEvent[]> {
  const found = [];
  for await (const event of events) found.push(event);
  return found;
}

describe("a stream of events", () => {
  it("is put together again wherever the network has cut it", async () => {
    const found = await all(parse(streamOf("retry: 2000\n\nid: 3:1\nda", 'ta: {"a":1}\n', "\nevent: ready\nid: 3:2\ndata: {}\n\nid: torn")));
    expect(found).toEqual([
      { name: "message", id: "3:1", data: '{"a":1}' },
      { name: "ready", id: "3:2", data: "{}" },
    ]);
  });

  it("has heartbeats, which say nothing", () => {
    expect(parseEvent(": still here")).toBeNull();
    expect(parseEvent("data: a\ndata: b")?.data).toBe("a\nb");
  });
});

describe("who follows", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it("goes on after the last event when the connection breaks", async () => {
    vi.useFakeTimers();
    const asked: (string | undefined)[] = [];
    const answers = [
      () => new Response(streamOf("id: 3:1\ndata: 1\n\n")),
      () => Promise.reject(new TypeError("network")),
      () => new Response(streamOf("id: 3:2\ndata: 2\n\n")),
    ];
    vi.stubGlobal("fetch", (_: string, init: { headers: Record<string, string> }) => {
      asked.push(init.headers["Last-Event-ID"]);
      return answers.shift()?.();
    });
    const stop = new AbortController();
    const events = follow("/v1/live", stop.signal);
    expect((await events.next()).value.data).toBe("1");
    const next = events.next();
    await vi.advanceTimersByTimeAsync(10_000);
    expect((await next).value.data).toBe("2");
    expect(asked).toEqual([undefined, "3:1", "3:1"]);
    stop.abort();
    expect((await events.next()).done).toBe(true);
  });
});
