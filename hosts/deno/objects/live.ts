/** One live node in a process that holds them all: gives core/live its part of the shared database, time and the tag's root. */
import { sealAppId } from "../../../core/identity/app-id.ts";
import type { LiveHost, Sink } from "../../../core/live/host.ts";
import { LiveNode } from "../../../core/live/live-node.ts";
import { broadcastId } from "../../../core/live/message-id.ts";
import { nodeObjectName, parseLiveName } from "../../../core/tag/name.ts";
import type { LivePublish, LivePublishAnswer } from "../../../core/tag/types.ts";
import type { LiveRpc } from "../../../objects/interfaces/rpc.ts";
import { listeners } from "../../../objects/links.ts";
import { liveSignerOf } from "../../../objects/live-key.ts";
import { withTimeout } from "../../../objects/timeout.ts";
import { fromBase64Url } from "../../../schema/text.ts";
import { SharedLiveStore } from "../store/live-store.ts";
import type { Mesh } from "./mesh.ts";

/** What is in memory while somebody listens, or is about to. */
interface Awake {
  readonly node: LiveNode;
  /** Calls that are not answered. */
  calls: number;
  /** By `Mesh.sweeps`. */
  usedAt: number;
}

export class LiveNodeHost implements LiveRpc {
  readonly #mesh: Mesh;
  readonly name: string;
  #awake: Awake | null = null;

  constructor(mesh: Mesh, name: string) {
    this.#mesh = mesh;
    this.name = name;
  }

  get isNeeded(): boolean {
    return this.#awake !== null;
  }

  publish(request: LivePublish): Promise<LivePublishAnswer> {
    return this.#run((node) => node.publish(request));
  }

  presence(total: number): Promise<void> {
    return this.#run((node) => node.presence(total));
  }

  listeners(): Promise<number> {
    return this.#run((node) => node.listeners());
  }

  async drain(): Promise<void> {
    this.#wake().node.drain();
    this.#count();
  }

  /** See `LiveNode`. */
  prepare(tag: string, after: number | null): Promise<void> {
    return this.#run((node) => node.prepare(tag, after));
  }

  join(sink: Sink, after: number | null): void {
    this.#wake().node.join(sink, after);
    this.#count();
  }

  leave(sink: Sink): void {
    this.#awake?.node.leave(sink);
    this.#count();
  }

  /**
   * Leaves memory if there is nothing to do.
   *
   * @returns false where there is, or it was used after `idleSince`, by `Mesh.sweeps`
   */
  sleep(idleSince: number): boolean {
    const awake = this.#awake;
    if (awake === null) return true;
    const { node, calls, usedAt } = awake;
    if (usedAt > idleSince || calls > 0 || node.count > 0 || node.isBusy) return false;
    this.#awake = null;
    return true;
  }

  async #run<Answer>(call: (node: LiveNode) => Promise<Answer>): Promise<Answer> {
    const awake = this.#wake();
    awake.calls++;
    try {
      return await call(awake.node);
    } finally {
      awake.calls--;
      awake.usedAt = this.#mesh.sweeps;
      this.#count();
    }
  }

  #wake(): Awake {
    if (this.#awake === null) {
      const mesh = this.#mesh;
      const name = parseLiveName(this.name);
      const store = new SharedLiveStore(mesh.db, this.name);
      const node = new LiveNode({ name, store, host: liveHost(mesh, name) });
      this.#awake = { node, calls: 0, usedAt: mesh.sweeps };
      mesh.liveNodes.woke(this);
    }
    return this.#awake;
  }

  #count(): void {
    listeners.set(this.name, this.#awake?.node.count ?? 0);
  }
}

function liveHost(mesh: Mesh, { app, tagId }: { app: string; tagId: string }): LiveHost {
  const appId = sealAppId(mesh.keyring, fromBase64Url(app) ?? new Uint8Array());
  return {
    now: Date.now,
    durable: () => mesh.db.committed(),
    sleep: (ms) => mesh.turns.sleep(ms),
    withTimeout,
    yield: () => mesh.turns.yield(),
    root: mesh.nodes.get(nodeObjectName({ app, tagId, path: "" })),
    appId,
    sign: liveSignerOf(() => mesh.peers.app(appId).liveKey()),
    messageId: (entry) => broadcastId(mesh.keyring, app, entry),
    reportError: (error) => mesh.report(error),
  };
}
