/** A listener's event stream (WHATWG HTML, Server-sent events), on every host: it is no more than an answer's body. */
import type { Sink } from "../../core/live/host.ts";
import type { LiveText } from "../../core/live/text.ts";
import type { ErrorCode } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";

export const EVENT_STREAM_HEADERS = {
  "content-type": "text/event-stream",
  "cache-control": "no-store",
  // For nginx and its like, which otherwise keep events back until a buffer is full.
  "x-accel-buffering": "no",
} as const;

/**
 * How long a reader waits before it comes back, in ms: a browser's own default is the same few seconds for all, who would come
 * together to a node that ended all their streams.
 */
const RETRY_MIN_MS = 3_000;
const RETRY_MAX_MS = 9_999;

const utf8 = new TextEncoder();
const openingOf = (random: number) => {
  const ms = RETRY_MIN_MS + Math.floor(random * (RETRY_MAX_MS - RETRY_MIN_MS + 1));
  return utf8.encode(`retry: ${ms}\n\n`);
};
const KEEPALIVE = utf8.encode(":\n\n");

export class EventStream implements Sink {
  readonly body: ReadableStream<Uint8Array>;
  readonly #onEnd: () => void;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;

  /**
   * @param onEnd called once when it has ended, by whomever
   * @param random from 0 up to 1: when its reader comes back
   */
  constructor(onEnd: () => void, random = Math.random()) {
    this.#onEnd = onEnd;
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
          controller.enqueue(openingOf(random));
        },
        cancel: () => {
          this.#controller = null;
          onEnd();
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: LIMITS.LIVE_BUFFER_BYTES }),
    );
  }

  get bufferedBytes(): number {
    return LIMITS.LIVE_BUFFER_BYTES - (this.#controller?.desiredSize ?? LIMITS.LIVE_BUFFER_BYTES);
  }

  send(text: LiveText): void {
    this.#controller?.enqueue(text.bytes);
  }

  /** A comment, so that no proxy takes the stream for dead, and a reader that is gone is noticed. */
  keepAlive(): void {
    if (this.bufferedBytes <= LIMITS.LIVE_BUFFER_BYTES) this.#controller?.enqueue(KEEPALIVE);
  }

  /** A stream has no code to end with: its reader comes back by itself, after what it has. */
  close(code: ErrorCode): void {
    const controller = this.#controller;
    if (controller === null) return;
    this.#controller = null;
    // What it has not read would be kept for it.
    if (code === "slow_consumer") controller.error(new Error(code));
    else controller.close();
    this.#onEnd();
  }

  lag(): void {}
}

/** The event streams of one node, kept alive by one timer; without any there is none. */
export class EventStreams {
  readonly #streams = new Set<EventStream>();
  #timer: ReturnType<typeof setInterval> | null = null;

  get count(): number {
    return this.#streams.size;
  }

  add(stream: EventStream): void {
    this.#streams.add(stream);
    this.#timer ??= setInterval(() => {
      for (const each of this.#streams) each.keepAlive();
    }, LIMITS.EVENT_STREAM_KEEPALIVE_MS);
  }

  delete(stream: EventStream): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }
}
