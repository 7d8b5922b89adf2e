/** The object of one live node: gives core/live its rows, its time and the root of its tag, and keeps its event streams. */
import { ALL_RIGHTS } from "../../core/app/app.ts";
import { mayGrant } from "../../core/app/grant.ts";
import { appIdIn, parseKeyId } from "../../core/identity/app-id.ts";
import type { Keyring } from "../../core/identity/keyring.ts";
import type { Pass, TrustedKeys } from "../../core/live/access.ts";
import type { Sink } from "../../core/live/host.ts";
import { LiveNode } from "../../core/live/live-node.ts";
import { broadcastId } from "../../core/live/message-id.ts";
import type { LiveStore } from "../../core/live/store.ts";
import type { LiveAccess, LivePublish, LivePublishAnswer } from "../../core/tag/calls/live.ts";
import { nodeObjectName, parseLiveName } from "../../core/tag/name.ts";
import { listeners } from "../capacity/links.ts";
import type { Peers } from "../interfaces/peers.ts";
import type { LiveRpc } from "../interfaces/rpc.ts";
import { durable } from "../memory.ts";
import type { Erasable, ObjectRuntime, Timer } from "../runtime.ts";
import { Stay } from "../stay.ts";
import { within } from "../timeout.ts";
import { liveSignerOf, type SubtlePort } from "./live-key.ts";
import { EventStream, EventStreams, type StreamSource } from "./live-stream.ts";

type Store = LiveStore & Erasable;

/** What a live node needs from its host, apart from its runtime. */
export interface LivePorts {
  readonly peers: Pick<Peers, "node" | "app">;
  readonly keyring: Keyring;
  readonly subtle: SubtlePort;
  /** As of `LiveNodeOptions`. */
  readonly maxListeners?: number;
}

/** What is in memory while somebody listens, or is about to. */
interface Awake {
  readonly node: LiveNode;
  readonly store: Store;
}

/**
 * Does not use `Memory`: its listeners exist in memory alone, and must survive a row that could not be written. That row is no loss, for
 * the root has all that this node stores.
 */
export class LiveShell implements LiveRpc {
  readonly #runtime: ObjectRuntime<Store>;
  readonly #ports: LivePorts;
  readonly #stay: Stay;
  readonly #streams: EventStreams;
  #awake: Awake | null = null;
  /** On hosts without hibernation. */
  #expiry: { readonly at: number; readonly timer: Timer } | null = null;

  constructor(runtime: ObjectRuntime<Store>, ports: LivePorts) {
    this.#runtime = runtime;
    this.#ports = ports;
    this.#stay = new Stay(runtime.residence);
    this.#streams = new EventStreams(runtime.scheduler);
  }

  get name(): string {
    return this.#runtime.name;
  }

  publish(request: LivePublish): Promise<LivePublishAnswer> {
    return this.#call((node) => node.publish(request));
  }

  access(access: LiveAccess): Promise<void> {
    return this.#call((node) => node.access(access));
  }

  /** Listen tokens may have expired. */
  async alarm(): Promise<void> {
    this.#runtime.alarm.fired();
    this.#now((node) => node.expire());
  }

  presence(total: number): Promise<void> {
    return this.#call((node) => node.presence(total));
  }

  async listeners(): Promise<number> {
    const count = await this.#call((node) => node.listeners());
    if (!this.#wake().store.exists) await this.#runtime.free();
    return count;
  }

  async drain(): Promise<void> {
    this.#now((node) => node.drain());
  }

  /** See `LiveNode`, also for `join`, `leave` and `restore`. */
  prepare(tag: string, after: number | null): Promise<void> {
    return this.#call((node) => node.prepare(tag, after));
  }

  join(sink: Sink, after: number | null, pass: Pass | null = null): void {
    this.#now((node) => node.join(sink, after, pass));
  }

  /**
   * Joins a listener that reads an event stream.
   *
   * @param of as of `join`
   * @param bodyOf makes the body of the answer, and starts the source at once
   * @param onEnd called once when the stream ends, whoever ends it
   */
  joinStream<Body>(
    { after, pass }: { readonly after: number | null; readonly pass: Pass | null },
    bodyOf: (source: StreamSource) => Body,
    onEnd: () => void = () => {},
  ): Body {
    const stream = new EventStream(() => {
      onEnd();
      this.#streams.delete(stream);
      this.leave(stream);
    }, this.#runtime.random());
    const body = bodyOf(stream.source);
    this.#streams.add(stream);
    try {
      this.join(stream, after, pass);
    } catch (error) {
      // It has started, and nobody else would end it.
      stream.source.cancel();
      throw error;
    }
    return body;
  }

  leave(sink: Sink): void {
    // A node that hibernated with listeners has to count them again. On other hosts one that sleeps has none.
    if (this.#awake === null && !this.#runtime.residence.hibernates) return;
    this.#now((node) => node.leave(sink));
  }

  restore(sink: Sink, position: number | null, pass: Pass | null = null): void {
    this.#now((node) => node.restore(sink, position, pass));
  }

  /**
   * Leaves memory if there is nothing to do.
   *
   * @returns false if there is, or if it was used after `idleSince`, by `Residence.sweeps`
   */
  sleep(idleSince: number): boolean {
    const { node } = this.#awake ?? {};
    return this.#stay.end(
      idleSince,
      () => node !== undefined && (node.count > 0 || node.isBusy),
      () => {
        this.#awake = null;
      },
    );
  }

  #now(run: (node: LiveNode) => void): void {
    run(this.#wake().node);
    this.#count();
  }

  async #call<Answer>(call: (node: LiveNode) => Promise<Answer>): Promise<Answer> {
    try {
      return await this.#stay.during(() => call(this.#wake().node));
    } finally {
      this.#count();
    }
  }

  #wake(): Awake {
    this.#stay.begin();
    this.#awake ??= this.#load();
    return this.#awake;
  }

  /** Waits with the alarm if a timer would keep the object in memory. */
  async #expireAt(at: number): Promise<void> {
    const { residence, scheduler } = this.#runtime;
    if (residence.hibernates) {
      // An alarm for an earlier time may stand.
      await this.#runtime.alarm.load();
      await this.#runtime.alarm.set(at);
      return;
    }
    if (this.#expiry !== null && this.#expiry.at <= at) return;
    this.#expiry?.timer.cancel();
    const timer = scheduler.timer(Math.max(0, at - this.#runtime.now()), () => {
      this.#expiry = null;
      if (this.#awake !== null) this.#now((node) => node.expire());
    });
    this.#expiry = { at, timer };
  }

  #count(): void {
    listeners.set(this.#runtime.name, this.#awake?.node.count ?? 0);
  }

  async #trust(appId: string): Promise<TrustedKeys | null> {
    const record = await this.#ports.peers.app(appId).record();
    if (record === null) return null;
    const now = this.#runtime.now();
    // An AppObject of an older version does not say what a key may.
    const good = record.keys.filter((key) => mayGrant({ ...ALL_RIGHTS, ...key }, now));
    const keys = good.flatMap(({ keyId }) => parseKeyId(keyId)?.n ?? []);
    return { trustVersion: record.trustVersion ?? 0, keys: new Set(keys) };
  }

  #load(): Awake {
    const runtime = this.#runtime;
    const { scheduler } = runtime;
    const { peers, keyring, subtle, maxListeners } = this.#ports;
    const name = parseLiveName(runtime.name);
    const { app, tagId } = name;
    const root = nodeObjectName({ app, tagId, path: "" });
    const appId = appIdIn(keyring, app);
    const { store, storage } = runtime.open();
    const node = new LiveNode({
      name,
      store,
      ...(maxListeners === undefined ? {} : { maxListeners }),
      host: {
        now: () => runtime.now(),
        durable: () => durable(storage),
        sleep: (ms) => scheduler.sleep(ms),
        withTimeout: (ms, call) => within(scheduler, ms, call),
        yield: () => scheduler.yield(),
        root: {
          reportLive: (report) => peers.node(root).reportLive(report),
          entriesAfter: (position) => peers.node(root).entriesAfter(position),
        },
        appId,
        trust: () => this.#trust(appId),
        expireAt: (at) => void this.#expireAt(at).catch((error) => runtime.reportError(error)),
        sign: liveSignerOf(subtle, () => peers.app(appId).liveKey()),
        messageId: (entry) => broadcastId(keyring, app, entry),
        reportError: (error) => runtime.reportError(error),
      },
    });
    return { node, store };
  }
}
