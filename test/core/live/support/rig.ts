/** A live node in memory beside the root of its tag, with time that the test moves. */
import { formatKeyId, sealAppId } from "../../../../core/identity/app-id.ts";
import type { Pass } from "../../../../core/live/access.ts";
import type { Sink } from "../../../../core/live/host.ts";
import { broadcastId } from "../../../../core/live/message-id.ts";
import type { LiveEntry, LiveRecord, LiveStore } from "../../../../core/live/store.ts";
import type { LiveText } from "../../../../core/live/text.ts";
import type { LogEntry } from "../../../../core/tag/calls/broadcast.ts";
import type { LiveAccess } from "../../../../core/tag/calls/live.ts";
import { liveObjectName } from "../../../../core/tag/name.ts";
import { OPEN_POLICY } from "../../../../core/trust/policy.ts";
import { listeners } from "../../../../objects/capacity/links.ts";
import type { AppRpc, TagRpc } from "../../../../objects/interfaces/rpc.ts";
import type { SubtlePort } from "../../../../objects/live/live-key.ts";
import { LiveShell } from "../../../../objects/live/live-shell.ts";
import type { ErrorCode } from "../../../../schema/errors.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { fromBase64Url } from "../../../../schema/text.ts";
import { oneKey } from "../../identity/fixtures.ts";
import { callWith, type Fault } from "../../support/faults.ts";
import { turn, VirtualClock } from "../../support/runtime/clock.ts";
import { Disk } from "../../support/runtime/disk.ts";
import { FakeRuntime } from "../../support/runtime/fake-runtime.ts";
import { Life } from "../../support/runtime/life.ts";

const utf8 = new TextEncoder();
export const START_MS = 1_800_000_000_000;
const NAME = { app: "AAAAAAAAAAA", tagId: "A".repeat(22), region: "local", n: 0 };
const OBJECT_NAME = liveObjectName(NAME);
export const APP_ID = sealAppId(oneKey, fromBase64Url(NAME.app) ?? new Uint8Array());
export const idOf = (entry: LogEntry): string => broadcastId(oneKey, NAME.app, entry);

/** Rows, and what is not durable when the process ends. */
export class MemoryLiveStore implements LiveStore {
  record: LiveRecord | null = null;
  readonly slots = new Map<number, LiveEntry>();
  rowsWritten = 0;

  get exists(): boolean {
    return this.record !== null;
  }

  copy(): MemoryLiveStore {
    const copy = new MemoryLiveStore();
    Object.assign(copy, { record: this.record, rowsWritten: this.rowsWritten });
    for (const [slot, entry] of this.slots) copy.slots.set(slot, entry);
    return copy;
  }

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

  /** What its socket keeps of its token. */
  pass: Pass | null = null;

  keep(pass: Pass): void {
    this.pass = pass;
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

/** The root, the node and their time. */
export class LiveRig {
  readonly clock = new VirtualClock(START_MS);
  readonly #disk = new Disk(new MemoryLiveStore(), (store) => store.copy());
  #life = new Life();
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
  fetches = 0;
  /** What was signed. */
  readonly signed: Uint8Array[] = [];
  sign: (bytes: Uint8Array) => Promise<ArrayBuffer> = async (bytes) => {
    this.signed.push(bytes);
    return Uint8Array.of(this.signed.length).buffer;
  };
  maxListeners: number = LIMITS.LIVE_LISTENERS;
  /** Of the tag. */
  access: LiveAccess = "open";
  /** The app's keys, and the version of its trust; null once it is deleted. */
  trust: { version: number; keys: number[] } | null = { version: 1, keys: [1, 2] };
  /** How often the app's object was asked for them. */
  trustAsked = 0;
  trustFails = false;
  readonly #hibernates: boolean;
  node: LiveShell;

  /** @param hibernates as of `FakeRuntime` */
  constructor(hibernates = true) {
    this.#hibernates = hibernates;
    this.node = this.#make();
  }

  get now(): number {
    return this.clock.now;
  }

  get store(): MemoryLiveStore {
    return this.#disk.store;
  }

  /** Listeners of the node, as its process counts them. */
  get count(): number {
    return [...listeners.names()].includes(OBJECT_NAME) ? listeners.size : 0;
  }

  /** Whether the node has something to do that keeps it in memory; it leaves where it has not. */
  get isBusy(): boolean {
    return !this.node.sleep(Number.POSITIVE_INFINITY);
  }

  get head(): number {
    return this.log.at(-1)?.position ?? 0;
  }

  /** The process ends: what is durable stays, every connection is gone. */
  restart(): void {
    this.#life.kill();
    this.#disk.revert();
    this.#life = new Life();
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
    return this.node.publish({ tag: "news", entries, access: this.access });
  }

  async listen(
    after: number | null = null,
    listener = new TestListener(),
    pass: Pass | null = null,
  ): Promise<TestListener> {
    await this.node.prepare("news", after);
    if (pass !== null) listener.keep(pass);
    this.node.join(listener, after, pass);
    return listener;
  }

  /** Sleeps, and wakes with its sockets. */
  hibernate(...listeners: readonly TestListener[]): void {
    this.#life.kill();
    this.#life = new Life();
    this.node = this.#make();
    for (const listener of listeners) this.node.restore(listener, listener.lagsFrom, listener.pass);
  }

  /** When the node's alarm is due. */
  get alarmAt(): number | null {
    return this.#disk.alarmAt;
  }

  /** The alarm comes. */
  ring(): Promise<void> {
    this.#disk.alarmAt = null;
    return this.node.alarm();
  }

  /** Time goes on, and what is due happens. */
  advance(ms: number): Promise<void> {
    return this.clock.pass(ms);
  }

  /** Resolves with what a call answers, or null where it fails, and lets time go on meanwhile. */
  inTime<Answer>(call: Promise<Answer>): Promise<Answer | null> {
    return this.clock.until(call.catch(() => null));
  }

  #callRoot<Answer>(life: Life, run: () => Answer): Promise<Answer> {
    return life.call(() => {
      if (this.rootFails) return Promise.reject(new Error("the root cannot be called"));
      return callWith(this.faults.shift() ?? null, async () => run(), this.clock.sleep);
    });
  }

  #make(): LiveShell {
    const life = this.#life;
    const runtime = new FakeRuntime({
      ...{ name: OBJECT_NAME, clock: this.clock, disk: this.#disk, life },
      hibernates: this.#hibernates,
      onError: (error) => this.troubles.push(error),
    });
    return new LiveShell(runtime, {
      peers: { node: () => this.#root(life), app: () => this.#app(life) as AppRpc },
      keyring: oneKey,
      maxListeners: this.maxListeners,
      subtle: this.#subtleOf(life),
    });
  }

  /** In place of Web Crypto, which takes real time. */
  #subtleOf(life: Life): SubtlePort {
    const subtle: Pick<SubtlePort, "importKey" | "sign"> = {
      importKey: async () => null,
      sign: (_, __, bytes) => life.call(() => this.sign(bytes)),
    };
    return subtle as SubtlePort;
  }

  /** It has a live key of any kind. */
  #app(life: Life): Pick<AppRpc, "liveKey" | "record"> {
    return {
      liveKey: async () => ({ seed: new Uint8Array(32), publicKey: new Uint8Array(32) }),
      record: () =>
        life.call(async () => {
          this.trustAsked++;
          if (this.trustFails) throw new Error("the app cannot be called");
          if (this.trust === null) return null;
          const { version: trustVersion, keys } = this.trust;
          const key = (n: number) => ({
            ...{ keyId: formatKeyId(APP_ID, n), algorithm: "ed25519" as const },
            ...{ material: new Uint8Array(32), createdAt: 1 },
          });
          const app = {
            appId: APP_ID,
            name: "news",
            createdAt: 1,
            policy: OPEN_POLICY,
            quota: null,
          };
          return { ...app, keys: keys.map(key), trustVersion };
        }),
    };
  }

  #root(life: Life): TagRpc {
    const root: Pick<TagRpc, "reportLive" | "entriesAfter"> = {
      reportLive: ({ listeners: count }) =>
        this.#callRoot(life, () => {
          this.reports.push(count);
          return { listeners: count + this.others, head: this.head, access: this.access };
        }),
      entriesAfter: (position) =>
        this.#callRoot(life, () => {
          this.fetches++;
          const wanted = this.log.filter(
            (entry) =>
              entry.position > Math.max(position, this.head - LIMITS.LOG_ENTRIES) &&
              entry.seq % 2 === 0 &&
              entry.expiresAt > this.now,
          );
          return structuredClone(wanted.slice(0, LIMITS.CATCH_UP_ENTRIES));
        }),
    };
    return root as TagRpc;
  }
}

/** Lets promises that are due run. */
export const settle = turn;
