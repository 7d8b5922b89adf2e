/** A listener's event stream (WHATWG HTML, Server-sent events): the body of an answer that does not end. */
import type { Sink } from "../../core/live/host.ts";
import type { LiveText } from "../../core/live/text.ts";
import type { ErrorCode } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { Scheduler, Timer } from "../runtime.ts";

export const EVENT_STREAM_HEADERS = {
  "content-type": "text/event-stream",
  "cache-control": "no-store",
  // nginx and others would keep events back until a buffer is full.
  "x-accel-buffering": "no",
} as const;

/** What a `ReadableStream` gives its source. */
export interface StreamController {
  readonly desiredSize: number | null;
  enqueue(bytes: Uint8Array): void;
  close(): void;
  error(reason: unknown): void;
}

/** What a host makes a `ReadableStream` of, with `EVENT_STREAM_QUEUE` as its strategy. */
export interface StreamSource {
  readonly start: (controller: StreamController) => void;
  readonly cancel: () => void;
}

/** Counts what a reader has not taken yet in bytes. */
export const EVENT_STREAM_QUEUE = {
  highWaterMark: LIMITS.LIVE_BUFFER_BYTES,
  size: (bytes: Uint8Array) => bytes.byteLength,
};

/**
 * When a reader reconnects. A browser's own default is the same few seconds for all of them, so the readers of a node that ended all its
 * streams would come back together.
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
  readonly source: StreamSource;
  readonly #onEnd: () => void;
  /** Null before it was started and once it has ended. */
  #controller: StreamController | null = null;

  /**
   * @param onEnd called once when the stream ends, whoever ends it
   * @param random from 0 up to 1; decides when the reader reconnects
   */
  constructor(onEnd: () => void, random: number) {
    this.#onEnd = onEnd;
    this.source = {
      start: (controller) => {
        this.#controller = controller;
        controller.enqueue(openingOf(random));
      },
      cancel: () => {
        this.#controller = null;
        onEnd();
      },
    };
  }

  get bufferedBytes(): number {
    return LIMITS.LIVE_BUFFER_BYTES - (this.#controller?.desiredSize ?? LIMITS.LIVE_BUFFER_BYTES);
  }

  send(text: LiveText): void {
    this.#controller?.enqueue(text.bytes);
  }

  /** Sends a comment, so that no proxy takes the stream for dead, and the mesh notices a reader that is gone. */
  keepAlive(): void {
    if (this.bufferedBytes <= LIMITS.LIVE_BUFFER_BYTES) this.#controller?.enqueue(KEEPALIVE);
  }

  /** A stream cannot say why it ends: its reader reconnects by itself, and resumes after the last event it has. */
  close(code: ErrorCode): void {
    const controller = this.#controller;
    if (controller === null) return;
    this.#controller = null;
    // `close` would keep what a slow reader has not read.
    if (code === "slow_consumer") controller.error(new Error(code));
    else controller.close();
    this.#onEnd();
  }

  lag(): void {}

  keep(): void {}
}

/** The event streams of one node. One timer keeps them all alive; without streams there is none. */
export class EventStreams {
  readonly #timers: Pick<Scheduler, "timer">;
  readonly #streams = new Set<EventStream>();
  #timer: Timer | null = null;

  constructor(timers: Pick<Scheduler, "timer">) {
    this.#timers = timers;
  }

  add(stream: EventStream): void {
    this.#streams.add(stream);
    if (this.#timer === null) this.#expectKeepAlive();
  }

  delete(stream: EventStream): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0) return;
    this.#timer?.cancel();
    this.#timer = null;
  }

  #expectKeepAlive(): void {
    this.#timer = this.#timers.timer(LIMITS.EVENT_STREAM_KEEPALIVE_MS, () => {
      this.#expectKeepAlive();
      for (const each of this.#streams) each.keepAlive();
    });
  }
}
