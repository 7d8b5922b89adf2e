/** The trees of one app, with devices that behave as docs/protocol.md wants them to, in one place that can be killed. */

import type { TagReport } from "../../../../core/tag/directory.ts";
import type { TagDevice, TagHost, TagLive } from "../../../../core/tag/host.ts";
import { devicePath, liveObjectName, nodeObjectName, tagIdOf } from "../../../../core/tag/name.ts";
import { TagNode } from "../../../../core/tag/node.ts";
import type {
  AttachAnswer,
  BroadcastRequest,
  BroadcastStatus,
  DeliverAnswer,
  DeliverOutcome,
  DeliverRequest,
  JoinAnswer,
  LogEntry,
} from "../../../../core/tag/types.ts";
import { Window } from "../../../../core/tag/window.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { toBase64Url } from "../../../../schema/text.ts";
import { VirtualClock } from "./clock.ts";
import { MemoryTagStore } from "./memory-tag-store.ts";

export const APP = "AAAAAAAAAAA";
export const TAG = "news";

export interface WorldOptions {
  readonly nodeMembers?: number;
  readonly parallelNodes?: number;
  /** `TagNodeOptions.born`: from 0 on unless told. */
  readonly born?: (now: number) => number;
  /** What befalls the next call between objects; null for nothing. */
  readonly fails?: () => Fault | null;
}

/**
 * What may befall a call, before it did anything or when its answer is on the way: it fails, it is never answered, or it is so
 * many milliseconds late.
 */
export interface Fault {
  readonly at: "before" | "after";
  readonly kind: "fails" | "hangs" | number;
}

const never = <Value>() => new Promise<Value>(() => {});

/** One life of the process. */
class Life {
  readonly nodes = new Map<string, TagNode>();
  readonly window = new Window();
  dead = false;
}

export class World {
  readonly clock = new VirtualClock();
  readonly stores = new Map<string, MemoryTagStore>();
  readonly devices = new Map<string, SimDevice>();
  readonly reports: TagReport[] = [];
  /** By name. */
  readonly liveNodes = new Map<string, SimLive>();
  readonly troubles: unknown[] = [];
  /** Calls to objects since it was last set to 0. */
  calls = { deliver: 0, fanOut: 0, alarm: 0, join: 0, attach: 0 };
  /** What befalls calls of one object, by its name, whatever the options say; null for nothing. */
  outage: ((callee: string) => Fault | null) | null = null;
  readonly #options: WorldOptions;
  #life = new Life();
  /** Durable: name to time. */
  readonly #alarms = new Map<string, number>();

  constructor(options: WorldOptions = {}) {
    this.#options = options;
  }

  get rows(): number {
    return [...this.stores.values()].reduce((sum, { rows }) => sum + rows, 0);
  }

  /** Nodes that were made. */
  get nodes(): number {
    return [...this.stores.values()].filter((store) => store.readNode() !== null).length;
  }

  device(n: number): SimDevice {
    const bytes = new Uint8Array(16);
    new DataView(bytes.buffer).setUint32(0, Math.imul(n + 1, 0x9e3779b1));
    new DataView(bytes.buffer).setUint32(4, n);
    const name = toBase64Url(bytes);
    let device = this.devices.get(name);
    if (device === undefined) {
      device = new SimDevice(this, name);
      this.devices.set(name, device);
    }
    return device;
  }

  nodeName(path: string, tag = TAG): string {
    return nodeObjectName({ app: APP, tagId: tagIdOf(APP, tag), path });
  }

  liveName(region: string, n: number): string {
    return liveObjectName({ app: APP, tagId: tagIdOf(APP, TAG), region, n });
  }

  /** The node, in this life. */
  node(name: string): TagNode {
    const life = this.#life;
    let node = life.nodes.get(name);
    if (node === undefined) {
      const store = this.stores.get(name) ?? new MemoryTagStore();
      this.stores.set(name, store);
      const { nodeMembers, born = () => 0 } = this.#options;
      node = new TagNode({
        name,
        store: fenced(store, life),
        host: this.#host(name, life),
        born,
        ...(nodeMembers === undefined ? {} : { nodeMembers }),
      });
      life.nodes.set(name, node);
    }
    return node;
  }

  root(tag = TAG): TagNode {
    return this.node(this.nodeName("", tag));
  }

  /** Everything in memory is gone, and what was under way with it. */
  kill(): void {
    this.#life.dead = true;
    this.#life = new Life();
    for (const device of this.devices.values()) device.lose();
  }

  /** Nodes that have nothing to do leave memory; devices stay linked. */
  evict(): void {
    for (const [name, node] of this.#life.nodes) if (!node.isBusy) this.#life.nodes.delete(name);
  }

  broadcast(change: Partial<BroadcastRequest> = {}): Promise<number> {
    const request = broadcastOf(change);
    return this.clock.until(
      this.root(request.cover[0])
        .broadcast(request)
        .then((answer) => {
          if (!answer.ok) throw new Error(answer.code);
          return answer.seq;
        }),
    );
  }

  /** Rings alarms until none is due within a minute. */
  async quiet(): Promise<void> {
    for (let round = 0; round < 1_000; round++) {
      await this.clock.pass(1);
      const due = [...this.#alarms].filter(([, at]) => at <= this.clock.now + 60_000);
      if (due.length === 0) return;
      for (const [name, at] of due) {
        if (at > this.clock.now) await this.clock.pass(at - this.clock.now);
        this.#alarms.delete(name);
        this.calls.alarm++;
        await this.clock.until(this.node(name).alarm());
      }
    }
    throw new Error("it is never quiet");
  }

  /** Lets time pass, and rings the alarms that are due by then. */
  async alarms(ms: number): Promise<void> {
    const end = this.clock.now + ms;
    for (;;) {
      const [next] = [...this.#alarms].sort(([, a], [, b]) => a - b);
      if (next === undefined || next[1] > end) break;
      const [name, at] = next;
      if (at > this.clock.now) await this.clock.pass(at - this.clock.now);
      this.#alarms.delete(name);
      await this.clock.until(this.node(name).alarm());
    }
    if (this.clock.now < end) await this.clock.pass(end - this.clock.now);
  }

  /** A call between objects: fails, hangs or is late where the options say so. */
  async call<Answer>(life: Life | null, run: () => Promise<Answer>, callee = ""): Promise<Answer> {
    const fault = this.outage?.(callee) ?? this.#options.fails?.() ?? null;
    if (life?.dead) return never();
    if (fault?.at === "before") await this.#befall(fault);
    if (life?.dead) return never();
    const answer = await run();
    if (fault?.at === "after") await this.#befall(fault);
    if (life?.dead) return never();
    return answer;
  }

  /** A call by a device, which waits so long and no longer. */
  callByDevice<Answer>(run: () => Promise<Answer>): Promise<Answer> {
    const call = this.call(this.#life, run);
    return this.clock.withTimeout(LIMITS.DEVICE_CALL_MS, call);
  }

  async #befall({ kind }: Fault): Promise<void> {
    if (kind === "fails") throw new Error("the call failed");
    if (kind === "hangs") return never();
    await this.clock.sleep(kind);
  }

  #live(life: Life, name: string): TagLive {
    const live = this.liveNode(name);
    const call = <Answer>(run: () => Promise<Answer>) =>
      this.call(life, () => live.fault?.() ?? run());
    return {
      publish: ({ entries }) =>
        call(async () => {
          const head = live.taken.at(-1) ?? 0;
          const fresh = entries.map(({ position }) => position).filter((at) => at > head);
          live.taken.push(...fresh);
          return { kind: "sent", listeners: live.listeners };
        }),
      presence: (listeners) =>
        call(async () => {
          live.told.push(listeners);
        }),
      listeners: () => call(async () => live.listeners),
    };
  }

  liveNode(name: string): SimLive {
    const live = this.liveNodes.get(name) ?? new SimLive();
    this.liveNodes.set(name, live);
    return live;
  }

  /** Of a process that has died, nobody hears. */
  async #fence<Value>(life: Life, call: Promise<Value>): Promise<Value> {
    try {
      return await call;
    } finally {
      if (life.dead) await never();
    }
  }

  get life(): Life {
    return this.#life;
  }

  async status(key: Uint8Array, tag = TAG): Promise<BroadcastStatus | null> {
    return this.clock.until(this.root(tag).broadcastStatus(key));
  }

  /** Members of all nodes, by device, from what is stored. */
  members(): Map<string, string[]> {
    const found = new Map<string, string[]>();
    for (const [name, store] of this.stores) {
      for (const { device } of store.listMembers()) {
        found.set(device, [...(found.get(device) ?? []), name]);
      }
    }
    return found;
  }

  #host(name: string, life: Life): TagHost {
    const { clock } = this;
    return {
      now: () => clock.now,
      durable: async () => (life.dead ? never() : undefined),
      sleep: async (ms) => {
        await clock.sleep(ms);
        if (life.dead) await never();
      },
      withTimeout: (ms, call) => this.#fence(life, clock.withTimeout(ms, call)),
      random: () => 0.5,
      breathe: async () => {},
      rest: async () => {},
      setAlarm: (at) => {
        if (life.dead) return;
        this.#alarms.set(name, Math.min(at, this.#alarms.get(name) ?? Number.POSITIVE_INFINITY));
      },
      device: (device): TagDevice => ({
        deliver: (request) =>
          this.call(life, async () => {
            this.calls.deliver++;
            const found = this.devices.get(device);
            if (found === undefined) throw new Error(`no device ${device}`);
            return found.deliver(request);
          }),
      }),
      node: (other) => ({
        fanOut: (request) =>
          this.call(
            life,
            () => {
              this.calls.fanOut++;
              return this.node(other).fanOut(structuredClone(request));
            },
            other,
          ),
        countChild: (report) => this.call(life, () => this.node(other).countChild(report), other),
        go: () => this.call(life, () => this.node(other).go(), other),
        broadcast: (request) => this.call(life, () => this.node(other).broadcast(request), other),
        broadcastStatus: (key) =>
          this.call(life, () => this.node(other).broadcastStatus(key), other),
        info: () => this.call(life, () => this.node(other).info(), other),
      }),
      live: (live) => this.#live(life, live),
      report: (_app, entry) =>
        this.call(life, async () => {
          this.reports.push(entry);
        }),
      trouble: (error) => {
        this.troubles.push(error);
      },
      window: life.window,
      parallelNodes: this.#options.parallelNodes ?? 4,
    };
  }
}

/** A live node that only says what it is told to, and keeps what it was sent. */
export class SimLive {
  listeners = 3;
  /** What it does instead of an answer; null for nothing. */
  fault: (() => Promise<never>) | null = null;
  readonly taken: number[] = [];
  readonly told: number[] = [];
}

/** A dead process writes nothing. */
function fenced(store: MemoryTagStore, life: Life): MemoryTagStore {
  return new Proxy(store, {
    get(target, property) {
      const value = Reflect.get(target, property, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        if (life.dead) throw new Error("this process was killed");
        return value.apply(target, args);
      };
    },
  });
}

let keys = 0;

export function keyOf(n: number): Uint8Array {
  const key = new Uint8Array(9);
  new DataView(key.buffer).setUint32(0, n);
  return key;
}

export function broadcastOf(change: Partial<BroadcastRequest>): BroadcastRequest {
  return {
    app: APP,
    cover: [TAG],
    condition: null,
    filter: null,
    key: keyOf(++keys),
    lane: 2,
    contentType: 2,
    data: new TextEncoder().encode("hello"),
    ttlSeconds: 3_600,
    collapseKey: null,
    pace: null,
    signature: null,
    ...change,
  };
}

/** A tag as a device holds it; the row is durable, the rest is not. */
interface Subscription {
  row: { path: string; cursor: number | null };
  /** Of the membership, and whether a leave of it was sent that may come at any time: then the next one is another. */
  epoch: number;
  isLeaving: boolean;
  /** Position up to which everything was handled on this link; null where the tag is not attached on it. */
  sent: number | null;
}

export class SimDevice {
  readonly name: string;
  readonly #world: World;
  readonly tags = new Map<string, Subscription>();
  linked = false;
  /** What the app was shown, by tag: positions in the order in which they came. */
  readonly shown = new Map<string, number[]>();
  /** Joins and leaves that were answered. */
  readonly joined = new Set<string>();
  #epochs = 0;
  /** How long its app takes to say that it has a broadcast. */
  silentMs = 0;
  /** Positions that are not for it, as its condition or its filter has it. */
  readonly leftOut = new Set<number>();
  outcome: ((request: DeliverRequest) => DeliverAnswer | null) | null = null;

  constructor(world: World, name: string) {
    this.#world = world;
    this.name = name;
  }

  /** Joins as core/device does: its own row first. True where it was answered. */
  async join(tag = TAG, depth = 0): Promise<boolean> {
    const standing = this.tags.get(tag);
    const find = standing !== undefined;
    const subscription: Subscription = standing ?? {
      row: { path: devicePath(this.name, depth), cursor: null },
      sent: null,
      epoch: this.#epochs++,
      isLeaving: false,
    };
    this.tags.set(tag, subscription);
    if (subscription.isLeaving) {
      subscription.isLeaving = false;
      subscription.epoch = this.#epochs++;
    }
    return this.#walk(tag, subscription, find, find ? "" : devicePath(this.name, depth));
  }

  async #walk(
    tag: string,
    subscription: Subscription,
    find: boolean,
    start: string,
  ): Promise<boolean> {
    const { epoch } = subscription;
    let path = start;
    let born: number | null = null;
    for (let hop = 0; hop < 40; hop++) {
      let answer: JoinAnswer;
      const until = this.#world.clock.now + LIMITS.JOIN_LATE_MS;
      try {
        answer = await this.#world.callByDevice(() => {
          this.#world.calls.join++;
          return this.#world
            .node(this.#world.nodeName(path, tag))
            .join({ tag, device: this.name, find, born, attach: false, epoch, until });
        });
      } catch {
        return false;
      }
      if (!("kind" in answer) || answer.kind === "late") return false;
      if (answer.kind === "unborn") {
        path = path.slice(0, -1);
        born = null;
      } else if (answer.kind === "child") {
        path += answer.digit;
        born = answer.born;
      } else {
        subscription.row.path = path;
        if (!find) subscription.row.cursor = answer.head;
        this.joined.add(tag);
        if (this.linked) await this.#attach(tag, subscription);
        return true;
      }
    }
    throw new Error("a join that never ends");
  }

  /** Leaves as core/device does: where its row may be of a join that was cut off, it looks for itself first. */
  async leave(tag = TAG): Promise<boolean> {
    const subscription = this.tags.get(tag);
    if (subscription === undefined) return true;
    const left = await this.#leave(tag, subscription);
    if (left === null) return false;
    if (!left) {
      if (!(await this.#walk(tag, subscription, true, ""))) return false;
      if ((await this.#leave(tag, subscription)) === null) return false;
    }
    this.tags.delete(tag);
    this.joined.delete(tag);
    return true;
  }

  /** Whether it was a member; null where the call failed. */
  async #leave(tag: string, subscription: Subscription): Promise<boolean | null> {
    const { row, epoch } = subscription;
    subscription.isLeaving = true;
    try {
      return await this.#world.callByDevice(() =>
        this.#world.node(this.#world.nodeName(row.path, tag)).leave({ device: this.name, epoch }),
      );
    } catch {
      return null;
    }
  }

  async link(): Promise<void> {
    if (this.linked) return;
    this.linked = true;
    for (const [tag, subscription] of this.tags) await this.#attach(tag, subscription);
  }

  /** The link is gone, or the process. */
  lose(): void {
    this.linked = false;
    for (const subscription of this.tags.values()) subscription.sent = null;
  }

  /** Takes up what a failed call left. */
  async mend(): Promise<void> {
    if (!this.linked) return;
    for (const [tag, subscription] of this.tags) {
      if (subscription.sent === null) await this.#attach(tag, subscription);
    }
  }

  /** @param called positions that the node called with, and that were not taken */
  async #attach(
    tag: string,
    subscription: Subscription,
    called: readonly number[] = [],
  ): Promise<void> {
    for (;;) {
      let answer: AttachAnswer;
      try {
        answer = await this.#world.callByDevice(() => {
          this.#world.calls.attach++;
          return this.#world.node(this.#world.nodeName(subscription.row.path, tag)).attach({
            device: this.name,
            epoch: subscription.epoch,
            after: subscription.row.cursor,
            called,
          });
        });
      } catch {
        return;
      }
      if (!("kind" in answer)) return;
      if (answer.kind === "unknown") {
        await this.#walk(tag, subscription, true, "");
        return;
      }
      if (!this.linked) return;
      for (const entry of answer.entries) this.#show(tag, subscription, entry);
      subscription.row.cursor = Math.max(subscription.row.cursor ?? 0, answer.upTo);
      if (!answer.more) {
        subscription.sent = subscription.row.cursor;
        return;
      }
    }
  }

  async deliver(request: DeliverRequest): Promise<DeliverAnswer> {
    const scripted = this.outcome?.(request) ?? null;
    if (scripted !== null) return scripted;
    const { tag, path, prev, entries } = request;
    const subscription = this.tags.get(tag);
    if (subscription === undefined || subscription.row.path !== path) {
      return { ok: true, outcome: "unknown" };
    }
    if (!this.linked) return { ok: true, outcome: "offline" };
    if (subscription.sent === null || prev === null || prev > subscription.sent) {
      subscription.sent = null;
      const called = entries.map(({ position }) => position);
      await this.#attach(tag, subscription, called);
      return { ok: true, outcome: "deferred" };
    }
    for (const entry of entries) {
      if (entry.position <= subscription.sent) continue;
      this.#show(tag, subscription, entry);
      subscription.sent = entry.position;
      subscription.row.cursor = entry.position;
    }
    if (this.silentMs > 0) await this.#world.clock.sleep(this.silentMs);
    const ends = entries.map(({ position }): DeliverOutcome => {
      return this.leftOut.has(position) ? "filtered" : "acknowledged";
    });
    return { ok: true, outcome: ends.pop() ?? "filtered", before: ends };
  }

  /** The app's own duplicate window is its cursor here: what it saw before is not shown. */
  #show(tag: string, subscription: Subscription, { position }: LogEntry): void {
    if (position <= (subscription.row.cursor ?? 0) || this.leftOut.has(position)) return;
    const shown = this.shown.get(tag) ?? [];
    shown.push(position);
    this.shown.set(tag, shown);
  }
}
