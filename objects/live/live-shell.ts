/** The object of one live node: a thin shell that gives core/live its rows, time and the root of its tag. */
import { sealAppId } from "../../core/identity/app-id.ts";
import type { Keyring } from "../../core/identity/keyring.ts";
import type { Sink } from "../../core/live/host.ts";
import { LiveNode } from "../../core/live/live-node.ts";
import { broadcastId } from "../../core/live/message-id.ts";
import type { LiveStore } from "../../core/live/store.ts";
import type { LivePublish, LivePublishAnswer } from "../../core/tag/calls/live.ts";
import { nodeObjectName, parseLiveName } from "../../core/tag/name.ts";
import { fromBase64Url } from "../../schema/text.ts";
import { listeners } from "../capacity/links.ts";
import type { Peers } from "../interfaces/peers.ts";
import type { LiveRpc } from "../interfaces/rpc.ts";
import { durable } from "../memory.ts";
import type { Erasable, ObjectRuntime } from "../runtime.ts";
import { Stay } from "../stay.ts";
import { withTimeout } from "../timeout.ts";
import { liveSignerOf } from "./live-key.ts";

type Store = LiveStore & Erasable;

/** What is in memory while somebody listens, or is about to. */
interface Awake {
  readonly node: LiveNode;
  readonly store: Store;
}

/**
 * Not by `Memory`: its listeners are nowhere but in memory, and a row that could not be written loses none of them, for the root has
 * all that it stores.
 */
export class LiveShell implements LiveRpc {
  readonly #runtime: ObjectRuntime<Store>;
  readonly #peers: Pick<Peers, "node" | "app">;
  readonly #keyring: Keyring;
  readonly #stay: Stay;
  #awake: Awake | null = null;

  constructor(runtime: ObjectRuntime<Store>, peers: Pick<Peers, "node" | "app">, keyring: Keyring) {
    this.#runtime = runtime;
    this.#peers = peers;
    this.#keyring = keyring;
    this.#stay = new Stay(runtime.residence);
  }

  get name(): string {
    return this.#runtime.name;
  }

  publish(request: LivePublish): Promise<LivePublishAnswer> {
    return this.#call((node) => node.publish(request));
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

  /** See `LiveNode`, as the next three. */
  prepare(tag: string, after: number | null): Promise<void> {
    return this.#call((node) => node.prepare(tag, after));
  }

  join(sink: Sink, after: number | null): void {
    this.#now((node) => node.join(sink, after));
  }

  leave(sink: Sink): void {
    // Where the node sleeps with listeners, it counts anew; else none of them is here any more.
    if (this.#awake === null && !this.#runtime.residence.hibernates) return;
    this.#now((node) => node.leave(sink));
  }

  restore(sink: Sink, position: number | null): void {
    this.#now((node) => node.restore(sink, position));
  }

  /**
   * Leaves memory if there is nothing to do.
   *
   * @returns false where there is, or it was used after `idleSince`, by `Residence.sweeps`
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

  #count(): void {
    listeners.set(this.#runtime.name, this.#awake?.node.count ?? 0);
  }

  #load(): Awake {
    const runtime = this.#runtime;
    const { scheduler } = runtime;
    const name = parseLiveName(runtime.name);
    const { app, tagId } = name;
    const root = nodeObjectName({ app, tagId, path: "" });
    const appId = sealAppId(this.#keyring, fromBase64Url(app) ?? new Uint8Array());
    const { store, storage } = runtime.open();
    const node = new LiveNode({
      name,
      store,
      host: {
        now: () => runtime.now(),
        durable: () => durable(storage),
        sleep: (ms) => scheduler.sleep(ms),
        withTimeout,
        yield: () => scheduler.yield(),
        root: {
          reportLive: (report) => this.#peers.node(root).reportLive(report),
          entriesAfter: (position) => this.#peers.node(root).entriesAfter(position),
        },
        appId,
        sign: liveSignerOf(() => this.#peers.app(appId).liveKey()),
        messageId: (entry) => broadcastId(this.#keyring, app, entry),
        reportError: (error) => runtime.reportError(error),
      },
    });
    return { node, store };
  }
}
