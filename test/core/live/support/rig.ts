/** A live node in memory beside the root of its tag, with time that the test moves. */
import type { LiveHost, Sink } from "../../../../core/live/host.ts";
import { LiveNode } from "../../../../core/live/live-node.ts";
import type { LiveEntry, LiveRecord, LiveStore } from "../../../../core/live/store.ts";
import type { LiveText } from "../../../../core/live/text.ts";
import type { LogEntry } from "../../../../core/tag/calls/broadcast.ts";
import type { ErrorCode } from "../../../../schema/errors.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { callWith, type Fault } from "../../support/faults.ts";

const utf8 = new TextEncoder();
export const START_MS = 1_800_000_000_000;
export const NAME = { app: "AAAAAAAAAAA", tagId: "A".repeat(22), region: "local", n: 0 };

/** Rows, and what is not durable when the process ends. */
export class MemoryLiveStore implements LiveStore {
  record: LiveRecord | null = null;
  readonly slots = new Map<number, LiveEntry>();
  rowsWritten = 0;

  read(): LiveRecord | null {
    return this.record;
  }

  write(record: LiveRecord): void {
    this.record = record;
    this.rowsWritten++;
  }

  erase(): void {
    this.record = null;
    this.slots.clear();
    this.rowsWritten++;
  }

  list(): LiveEntry[] {
    return [...this.slots.values()].sort((a, b) => a.position - b.position);
  }

  put(slot: number, entry: LiveEntry): void {
    this.slots.set(slot, entry);
    this.rowsWritten++;
  }
}

export const entryOf = (position: number, fields: Partial<LogEntry> = {}): LogEntry => ({
  cover: ["news"],
  condition: null,
  filter: null,
  key: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, position >> 8, position & 255),
  lane: 2,
  contentType: 2,
  data: utf8.encode(`${position}`),
  collapseKey: null,
  pace: null,
  signature: null,
  position,
  seq: position * 2,
  expiresAt: START_MS + 3_600_000,
  ...fields,
});

/** A listener of the tests: reads all at once, unless told to stall. */
export class TestListener implements Sink {
  readonly heard: LiveText[] = [];
  closed: ErrorCode | null = null;
  lagsFrom: number | null = null;
  stalls = false;
  bufferedBytes = 0;

  send(text: LiveText): void {
    this.heard.push(text);
    if (this.stalls) this.bufferedBytes += text.json.length;
  }

  close(code: ErrorCode): void {
    this.closed = code;
  }

  lag(position: number | null): void {
    this.lagsFrom = position;
  }

  get bodies(): Record<string, unknown>[] {
    return this.heard.map(({ json }) => JSON.parse(json));
  }

  /** Positions of the messages it got, in the order in which they came. */
  get cursors(): unknown[] {
    return this.bodies.filter(({ type }) => type === "message").map(({ cursor }) => cursor);
  }

  get presences(): unknown[] {
    return this.bodies.filter(({ type }) => type === "presence").map(({ listeners }) => listeners);
  }
}

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

/** The root, the node and their time. */
export class LiveRig {
  readonly store = new MemoryLiveStore();
  readonly troubles: unknown[] = [];
  /** The root's log. */
  readonly log: LogEntry[] = [];
  /** What the root was told, in order. */
  readonly reports: number[] = [];
  /** Listeners elsewhere. */
  others = 0;
  /** Calls to the root fail while it is set. */
  rootFails = false;
  /** What befalls the next calls to the root: it fails, hangs, or is so many milliseconds late, before or behind its work. */
  readonly faults: Fault[] = [];
  now = START_MS;
  fetches = 0;
  /** What was signed. */
  readonly signed: Uint8Array[] = [];
  sign: (bytes: Uint8Array) => Promise<Uint8Array | null> = async (bytes) => {
    this.signed.push(bytes);
    return Uint8Array.of(this.signed.length);
  };
  maxListeners: number = LIMITS.LIVE_LISTENERS;
  #sleepers: Sleeper[] = [];
  node: LiveNode;

  constructor() {
    this.node = this.#make();
  }

  get head(): number {
    return this.log.at(-1)?.position ?? 0;
  }

  /** The process ends: what is durable stays, every connection is gone. */
  restart(): void {
    this.#sleepers = [];
    this.node = this.#make();
  }

  /** The root takes a broadcast, and tells the node unless that is lost. */
  async broadcast(fields: Partial<LogEntry> = {}, isLost = false): Promise<LogEntry> {
    const entry = entryOf(this.head + 1, fields);
    this.log.push(entry);
    if (!isLost) await this.publish(entry);
    return entry;
  }

  publish(...entries: LogEntry[]) {
    return this.node.publish({ tag: "news", entries });
  }

  async listen(after: number | null = null, listener = new TestListener()): Promise<TestListener> {
    await this.node.prepare("news", after);
    this.node.join(listener, after);
    return listener;
  }

  /** Time goes on, and what is due happens. */
  async advance(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      await settle();
      const [next] = this.#sleepers.toSorted((a, b) => a.until - b.until);
      if (next === undefined || next.until > end) break;
      this.#sleepers.splice(this.#sleepers.indexOf(next), 1);
      this.now = Math.max(this.now, next.until);
      next.wake();
    }
    this.now = end;
    await settle();
  }

  /** Resolves with what a call answers, or null where it fails, and lets time go on meanwhile. */
  async inTime<Answer>(call: Promise<Answer>): Promise<Answer | null> {
    let isOver = false;
    const answer = call
      .catch(() => null)
      .finally(() => {
        isOver = true;
      });
    await settle();
    while (!isOver) await this.advance(1_000);
    return answer;
  }

  async #within<Value>(ms: number, call: Promise<Value>): Promise<Value> {
    let sleeper: Sleeper | null = null;
    const late = new Promise<never>((_, reject) => {
      sleeper = { until: this.now + ms, wake: () => reject(new Error("the root does not answer")) };
      this.#sleepers.push(sleeper);
    });
    try {
      return await Promise.race([call, late]);
    } finally {
      this.#sleepers = this.#sleepers.filter((each) => each !== sleeper);
    }
  }

  async #callRoot<Answer>(run: () => Answer): Promise<Answer> {
    // Not so long that time goes on meanwhile.
    for (let turn = 0; turn < 5; turn++) await null;
    if (this.rootFails) throw new Error("the root cannot be called");
    const late = (ms: number) =>
      new Promise<void>((wake) => this.#sleepers.push({ until: this.now + ms, wake }));
    return callWith(this.faults.shift() ?? null, async () => run(), late);
  }

  #make(): LiveNode {
    const host: LiveHost = {
      now: () => this.now,
      durable: async () => {},
      sleep: (ms) =>
        new Promise((wake) => {
          this.#sleepers.push({ until: this.now + ms, wake });
        }),
      withTimeout: (ms, call) => this.#within(ms, call),
      yield: async () => {},
      root: {
        reportLive: ({ listeners }) =>
          this.#callRoot(() => {
            this.reports.push(listeners);
            return { listeners: listeners + this.others, head: this.head };
          }),
        entriesAfter: (position) =>
          this.#callRoot(() => {
            this.fetches++;
            const wanted = this.log.filter(
              (entry) =>
                entry.position > Math.max(position, this.head - LIMITS.LOG_ENTRIES) &&
                entry.seq % 2 === 0 &&
                entry.expiresAt > this.now,
            );
            return wanted.slice(0, LIMITS.CATCH_UP_ENTRIES);
          }),
      },
      appId: "app",
      sign: (bytes) => this.sign(bytes),
      messageId: ({ position }) => `id${position}`,
      reportError: (error) => this.troubles.push(error),
    };
    const { store, maxListeners } = this;
    return new LiveNode({ name: NAME, store, host, maxListeners });
  }
}

/** Lets promises that are due run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await null;
}
