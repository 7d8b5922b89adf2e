/** The event stream of a listener, which both hosts answer with. */
import { afterEach, expect, test, vi } from "vitest";
import { LiveText } from "../../core/live/text.ts";
import { EventStream, EventStreams } from "../../objects/live/live-stream.ts";
import { LIMITS } from "../../schema/limits.ts";

afterEach(() => {
  vi.useRealTimers();
});

const text = (size: number) => new LiveText(JSON.stringify("x".repeat(size)), 1, null);
const OPENING = "retry: 3000\n\n";

test("V5 counts what its reader has not taken, and drops it where it is cut for that", async () => {
  let ends = 0;
  const stream = new EventStream(() => ends++);
  expect(stream.bufferedBytes).toBe(OPENING.length);
  for (let i = 0; i < 3; i++) stream.send(text(100_000));
  expect(stream.bufferedBytes).toBeGreaterThan(LIMITS.LIVE_BUFFER_BYTES);
  const before = stream.bufferedBytes;
  stream.keepAlive();
  expect(stream.bufferedBytes, "a comment to a reader that does not read").toBe(before);
  stream.close("slow_consumer");
  stream.close("slow_consumer");
  expect(ends).toBe(1);
  await expect(stream.body.getReader().read()).rejects.toThrow("slow_consumer");
  stream.send(text(1));
  expect(stream.bufferedBytes).toBe(0);
});

test("V3 what was sent before a stop is read to its end", async () => {
  const stream = new EventStream(() => {}, 0);
  stream.send(text(1));
  stream.close("going_away");
  expect(await new Response(stream.body).text()).toBe(`${OPENING}id: 1\ndata: "x"\n\n`);
});

test("V6 a reader that goes away is noticed once", async () => {
  let ends = 0;
  const stream = new EventStream(() => ends++);
  await stream.body.cancel();
  stream.close("going_away");
  expect(ends).toBe(1);
});

test("P6 streams are kept alive by comments; without streams there is no timer", async () => {
  vi.useFakeTimers();
  const streams = new EventStreams();
  const stream = new EventStream(() => streams.delete(stream), 0);
  expect(vi.getTimerCount()).toBe(0);
  streams.add(stream);
  vi.advanceTimersByTime(2 * LIMITS.EVENT_STREAM_KEEPALIVE_MS);
  expect([streams.count, vi.getTimerCount()]).toEqual([1, 1]);
  stream.close("going_away");
  expect([streams.count, vi.getTimerCount()]).toEqual([0, 0]);
  expect(await new Response(stream.body).text()).toBe(`${OPENING}:\n\n:\n\n`);
});

test("L5 readers whose streams end together come back spread over seconds", async () => {
  const waits: number[] = [];
  for (const random of [0, 0.5, 1 - Number.EPSILON]) {
    const stream = new EventStream(() => {}, random);
    stream.close("going_away");
    const opening = await new Response(stream.body).text();
    waits.push(Number(/^retry: (\d+)\n\n$/.exec(opening)?.[1]));
  }
  expect(waits).toEqual([3_000, 6_500, 9_999]);
});
