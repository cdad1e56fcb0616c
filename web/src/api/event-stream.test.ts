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

  it("is told that the connection broke, and goes on after the last event", async () => {
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
    const events = follow("/v1/live", stop.signal, "3:0");
    const next = async () => {
      const coming = events.next();
      await vi.advanceTimersByTimeAsync(10_000);
      return (await coming).value as StreamEvent | undefined;
    };
    expect((await next())?.data).toBe("1");
    expect((await next())?.name).toBe("disconnected");
    expect((await next())?.name).toBe("disconnected");
    expect((await next())?.data).toBe("2");
    expect(asked).toEqual(["3:0", "3:1", "3:1"]);
    stop.abort();
    expect(await next()).toBeUndefined();
  });

  it("is told so where nothing is said any more, not while there are heartbeats", async () => {
    vi.useFakeTimers();
    let connection: ReadableStreamDefaultController<Uint8Array> | undefined;
    const stream = new ReadableStream<Uint8Array>({ start: (controller) => void (connection = controller) });
    vi.stubGlobal("fetch", () => Promise.resolve(new Response(stream)));
    const told: StreamEvent[] = [];
    const coming = follow("/v1/live", new AbortController().signal).next();
    void coming.then(({ value }) => told.push(value as StreamEvent));
    for (let beat = 0; beat < 4; beat++) {
      await vi.advanceTimersByTimeAsync(15_000);
      connection?.enqueue(new TextEncoder().encode(": still here\n\n"));
    }
    expect(told).toEqual([]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(told.map(({ name }) => name)).toEqual(["disconnected"]);
  });
});
