/** The event stream of a listener, which both hosts answer with. */
import { afterEach, expect, test, vi } from "vitest";
import { LiveText } from "../../core/live/text.ts";
import { EVENT_STREAM_QUEUE, EventStream, EventStreams } from "../../objects/live/live-stream.ts";
import { LIMITS } from "../../schema/limits.ts";

afterEach(() => {
  vi.useRealTimers();
});

const text = (size: number) => new LiveText(JSON.stringify("x".repeat(size)), 1, null);
const OPENING = "retry: 3000\n\n";

/** A stream that a reader has opened, and the body that it reads. */
function opened(onEnd: () => void = () => {}, random = 0) {
  const stream = new EventStream(onEnd, random);
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>(stream.source, EVENT_STREAM_QUEUE);
  return { stream, body };
}

test("V5 counts what its reader has not taken, and drops it where it is cut for that", async () => {
  let ends = 0;
  const { stream, body } = opened(() => ends++);
  expect(stream.bufferedBytes).toBe(OPENING.length);
  for (let i = 0; i < 3; i++) stream.send(text(100_000));
  expect(stream.bufferedBytes).toBeGreaterThan(LIMITS.LIVE_BUFFER_BYTES);
  const before = stream.bufferedBytes;
  stream.keepAlive();
  expect(stream.bufferedBytes, "a comment to a reader that does not read").toBe(before);
  stream.close("slow_consumer");
  stream.close("slow_consumer");
  expect(ends).toBe(1);
  await expect(body.getReader().read()).rejects.toThrow("slow_consumer");
  stream.send(text(1));
  expect(stream.bufferedBytes).toBe(0);
});

test("V3 what was sent before a stop is read to its end", async () => {
  const { stream, body } = opened();
  stream.send(text(1));
  stream.close("going_away");
  expect(await new Response(body).text()).toBe(`${OPENING}id: 1\ndata: "x"\n\n`);
});

test("V6 a reader that goes away is noticed once", async () => {
  let ends = 0;
  const { stream, body } = opened(() => ends++);
  await body.cancel();
  stream.close("going_away");
  expect(ends).toBe(1);
});

test("P6 streams are kept alive by comments; without streams there is no timer", async () => {
  vi.useFakeTimers();
  const streams = new EventStreams({
    timer(ms, onEnd) {
      const timer = setTimeout(onEnd, ms);
      return { cancel: () => clearTimeout(timer) };
    },
  });
  const { stream, body } = opened(() => streams.delete(stream));
  expect(vi.getTimerCount()).toBe(0);
  streams.add(stream);
  vi.advanceTimersByTime(2 * LIMITS.EVENT_STREAM_KEEPALIVE_MS);
  expect(vi.getTimerCount()).toBe(1);
  stream.close("going_away");
  expect(vi.getTimerCount()).toBe(0);
  expect(await new Response(body).text()).toBe(`${OPENING}:\n\n:\n\n`);
});

test("L5 readers whose streams end together come back spread over seconds", async () => {
  const waits: number[] = [];
  for (const random of [0, 0.5, 1 - Number.EPSILON]) {
    const { stream, body } = opened(() => {}, random);
    stream.close("going_away");
    const opening = await new Response(body).text();
    waits.push(Number(/^retry: (\d+)\n\n$/.exec(opening)?.[1]));
  }
  expect(waits).toEqual([3_000, 6_500, 9_999]);
});
