/**
 * The core's own nodes (core/tag/node.ts) in a world of simulated time: objects that take their time to answer, devices
 * that take theirs, and one thread for all or one for each node. What a fan-out does here is what it does.
 */
import type { BroadcastRequest } from "../../core/tag/calls/broadcast.ts";
import type { DeliverAnswer, FanOutRequest } from "../../core/tag/calls/fan-out.ts";
import { CallLimiter } from "../../core/tag/fan-out/call-limiter.ts";
import type { TagHost } from "../../core/tag/host.ts";
import { nodeObjectName, tagIdOf } from "../../core/tag/name.ts";
import { TagNode } from "../../core/tag/node.ts";
import { LIMITS } from "../../schema/limits.ts";
import { toBase64Url } from "../../schema/text.ts";
import { Clock } from "./clock.ts";
import type { Profile } from "./profile.ts";
import { Random } from "./random.ts";
import { CountedStore } from "./store.ts";

const APP = "AAAAAAAAAAA";
const TAG = "simulated";
/** Any moment: nothing depends on it. */
const START = Date.UTC(2026, 0, 1);
const DEVICE_BYTES = 16;
const KEY_BYTES = 9;
/** How often the status of a broadcast is asked for. */
const ASK_MS = 10;

/** A thread does one thing after another. */
class Thread {
  readonly #clock: Clock;
  #freeAt = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when what waits is done, and this too. */
  take(us: number): Promise<void> {
    this.#freeAt = Math.max(this.#freeAt, this.#clock.now()) + us / 1_000;
    return this.#clock.until(this.#freeAt);
  }
}

/** What a broadcast took. */
export interface Measured {
  /** Until the last frame was on its socket. */
  readonly lastDeviceMs: number;
  /** Until a driver could go on: all were called, and most have answered. */
  readonly calledMs: number;
  /** Until it was `sent`: all have answered, or were waited for. */
  readonly finishedMs: number;
  readonly delivered: number;
  readonly nodes: number;
  /** Calls of devices, and of nodes by their drivers. */
  readonly deviceCalls: number;
  readonly nodeCalls: number;
  readonly rows: number;
}

export class World {
  readonly #clock = new Clock(START);
  readonly #profile: Profile;
  readonly #random: Random;
  readonly #nodeMembers: number;
  readonly #nodes = new Map<string, TagNode>();
  readonly #tagId = tagIdOf(APP, TAG);
  readonly #shared = { thread: new Thread(this.#clock), calls: new CallLimiter() };
  #lastFrameAt = START;
  #deviceCalls = 0;
  #nodeCalls = 0;
  #rows = 0;
  #broadcasts = 0;

  constructor(profile: Profile, seed: number, nodeMembers: number = LIMITS.NODE_MEMBERS) {
    this.#profile = profile;
    this.#random = new Random(seed);
    this.#nodeMembers = nodeMembers;
  }

  /** A name as a device's object has one. */
  device(): string {
    const bytes = Uint8Array.from({ length: DEVICE_BYTES }, () => this.#random.uniform() * 256);
    return toBase64Url(bytes);
  }

  /** One device joins the tag and is attached, from the root on down; the path of its node. */
  async join(device: string): Promise<string> {
    const request = { tag: TAG, device, find: false, attach: true } as const;
    let born: number | null = null;
    for (let path = ""; ; ) {
      const answer = await this.#node(path).join({ ...request, born });
      if (!("kind" in answer) || answer.kind === "unborn" || answer.kind === "late")
        throw new Error("it cannot join");
      if (answer.kind === "joined") return path;
      path += answer.digit;
      born = answer.born;
    }
  }

  /** A broadcast to all members. */
  async broadcast(pace: number | null): Promise<Measured> {
    const before = { device: this.#deviceCalls, node: this.#nodeCalls, rows: this.#rows };
    const from = this.#clock.now();
    const root = this.#node("");
    const request = this.#request(pace);
    const work = async () => {
      await this.#clock.until(from + this.#profile.startMs);
      await root.broadcast(request);
      for (;;) {
        const status = await root.broadcastStatus(request.key);
        if (status?.status === "sent") return status;
        await this.#clock.until(this.#clock.now() + ASK_MS);
      }
    };
    const status = await this.#clock.run(work());
    return {
      lastDeviceMs: this.#lastFrameAt - from,
      calledMs: this.#lastFrameAt - from,
      finishedMs: (status.finishedAt ?? 0) - from,
      delivered: status.delivered,
      nodes: status.nodes,
      deviceCalls: this.#deviceCalls - before.device,
      nodeCalls: this.#nodeCalls - before.node,
      rows: this.#rows - before.rows,
    };
  }

  /**
   * One node alone that has so many attached members, from its driver's first call until it is done.
   *
   * @param path of a node that there is not yet
   */
  async pass(path: string, members: number): Promise<Measured> {
    // A node comes to be below one that knows it.
    for (let depth = 0; depth < path.length; depth++) {
      const above = { tag: TAG, device: this.device(), find: false, attach: false, born: 0 };
      await this.#node(path.slice(0, depth)).join(above);
    }
    const node = this.#node(path);
    const request = { tag: TAG, find: false, attach: true, born: 0 } as const;
    for (let n = 0; n < members; n++) await node.join({ ...request, device: this.device() });
    const before = { device: this.#deviceCalls, node: this.#nodeCalls, rows: this.#rows };
    const from = this.#clock.now();
    const { app: _, ttlSeconds, ...message } = this.#request(null);
    const expiresAt = from + ttlSeconds * 1_000;
    const call: Omit<FanOutRequest, "settle"> = {
      tag: TAG,
      entries: [{ ...message, position: 1, seq: 2, expiresAt }],
      gap: false,
      pace: null,
      sliceMs: LIMITS.SLICE_MS,
      drive: false,
    };
    const peer = this.#peer(path);
    let calledAt: number | null = null;
    const work = async (): Promise<number> => {
      for (;;) {
        const answer = await peer.fanOut({ ...call, settle: calledAt !== null });
        if (!("kind" in answer) || answer.kind !== "progress") throw new Error("it does not serve");
        if (answer.done || answer.waiting) calledAt ??= this.#clock.now();
        if (answer.done) return answer.counts.delivered;
      }
    };
    const delivered = await this.#clock.run(work());
    return {
      lastDeviceMs: this.#lastFrameAt - from,
      calledMs: (calledAt ?? from) - from,
      finishedMs: this.#clock.now() - from,
      delivered,
      nodes: 1,
      deviceCalls: this.#deviceCalls - before.device,
      nodeCalls: this.#nodeCalls - before.node,
      rows: this.#rows - before.rows,
    };
  }

  #request(pace: number | null): BroadcastRequest {
    const key = new Uint8Array(KEY_BYTES);
    key[0] = ++this.#broadcasts;
    return {
      app: APP,
      cover: [TAG],
      condition: null,
      filter: null,
      key,
      lane: 2,
      contentType: 2,
      data: new Uint8Array(160),
      ttlSeconds: LIMITS.TTL_MAX_SECONDS,
      collapseKey: null,
      pace,
      signature: null,
    };
  }

  #node(path: string): TagNode {
    const standing = this.#nodes.get(path);
    if (standing !== undefined) return standing;
    const name = nodeObjectName({ app: APP, tagId: this.#tagId, path });
    const store = new CountedStore(() => {
      this.#rows++;
    });
    const node = new TagNode({
      name,
      store,
      host: this.#host(),
      nodeMembers: this.#nodeMembers,
      born: () => 0,
    });
    this.#nodes.set(path, node);
    return node;
  }

  #peer(path: string): { fanOut: TagNode["fanOut"] } {
    const { nodeUs } = this.#profile;
    return {
      fanOut: async (request) => {
        this.#nodeCalls++;
        await this.#hop();
        if (this.#profile.oneThread) await this.#shared.thread.take(nodeUs);
        else await this.#clock.until(this.#clock.now() + nodeUs / 1_000);
        const answer = await this.#node(path).fanOut(request);
        await this.#hop();
        return answer;
      },
    };
  }

  /** One way. */
  #hop(): Promise<void> {
    const { hopMs, spread } = this.#profile;
    const ms = hopMs === 0 ? 0 : this.#random.logNormal(hopMs / 2, spread);
    return this.#clock.until(this.#clock.now() + ms);
  }

  async #deliver(thread: Thread, waitMs: number): Promise<DeliverAnswer> {
    const { memberUs, deviceMs, spread, silent } = this.#profile;
    this.#deviceCalls++;
    await thread.take(memberUs);
    await this.#hop();
    const now = this.#clock.now();
    this.#lastFrameAt = Math.max(this.#lastFrameAt, now);
    const answers = this.#random.uniform() >= silent;
    const ackMs = Math.min(this.#random.logNormal(deviceMs, spread), waitMs);
    await this.#clock.until(now + (answers ? ackMs : waitMs));
    await this.#hop();
    return { ok: true, outcome: answers ? "acknowledged" : "delivered" };
  }

  #host(): TagHost {
    const clock = this.#clock;
    const own = { thread: new Thread(clock), calls: new CallLimiter() };
    const { thread, calls } = this.#profile.oneThread ? this.#shared : own;
    const nowhere = (): never => {
      throw new Error("a simulated tag has one root, and nobody listens");
    };
    return {
      now: () => clock.now(),
      durable: async () => {},
      sleep: (ms) => clock.until(clock.now() + ms),
      // Nothing hangs here.
      withTimeout: (_, call) => call,
      random: () => 0.5,
      yield: () => thread.take(0),
      rest: async () => {},
      setAlarm: () => {},
      device: () => ({ deliver: ({ waitMs }) => this.#deliver(thread, waitMs) }),
      node: (name) => ({
        fanOut: this.#peer(pathOf(name)).fanOut,
        countChild: (report) => this.#node(pathOf(name)).countChild(report),
        go: nowhere,
        broadcast: nowhere,
        broadcastStatus: nowhere,
        info: nowhere,
      }),
      live: nowhere,
      trust: nowhere,
      updateDirectory: async () => {},
      reportError: (error) => {
        throw error;
      },
      calls,
      parallelNodes: this.#profile.parallelNodes,
    };
  }
}

/** Of the node of this object. */
const pathOf = (name: string): string => name.slice(name.lastIndexOf(".") + 1);
