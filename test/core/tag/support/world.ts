/** The trees of one app, with devices that behave as docs/protocol.md wants them to, in one place that can be killed. */

import type { BroadcastRequest, BroadcastStatus } from "../../../../core/tag/calls/broadcast.ts";
import type { TagReport } from "../../../../core/tag/directory/directory.ts";
import { CallLimiter } from "../../../../core/tag/fan-out/call-limiter.ts";
import type { TagDevice, TagHost, TagLive } from "../../../../core/tag/host.ts";
import { liveObjectName, nodeObjectName, tagIdOf } from "../../../../core/tag/name.ts";
import { TagNode } from "../../../../core/tag/node.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { toBase64Url } from "../../../../schema/text.ts";
import { callWith, type Fault } from "../../support/faults.ts";
import { VirtualClock } from "./clock.ts";
import { SimDevice } from "./device.ts";
import { SimLive } from "./live.ts";
import { MemoryTagStore } from "./memory-tag-store.ts";

export const APP = "AAAAAAAAAAA";
export const TAG = "news";

export interface WorldOptions {
  readonly nodeMembers?: number;
  readonly parallelNodes?: number;
  /** `TagNodeOptions.born`: from 0 on unless told. */
  readonly born?: (now: number) => number;
  /** What happens to the next call between objects; null for nothing. */
  readonly fails?: (by: Caller) => Fault | null;
}

/** Who makes a call: the nodes of a tag, a device, or the edge for a sender. */
export type Caller = "node" | "device" | "edge";

const never = <Value>() => new Promise<Value>(() => {});

/** One life of the process. */
class Life {
  readonly nodes = new Map<string, TagNode>();
  /** Calls of each object that it has not answered, by name. */
  readonly open = new Map<string, number>();
  readonly calls = new CallLimiter();
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
  /** What happens to calls between objects by the callee's name, whatever the options say; null for nothing. */
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

  liveName(region: string, n: number, tag = TAG): string {
    return liveObjectName({ app: APP, tagId: tagIdOf(APP, tag), region, n });
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

  /** Nodes that have nothing to do, and nobody to answer, leave memory as the hosts let them; devices stay linked. */
  evict(): void {
    const { nodes, open } = this.#life;
    for (const [name, node] of nodes) {
      if (!node.isBusy && (open.get(name) ?? 0) === 0) nodes.delete(name);
    }
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
  call<Answer>(
    life: Life,
    run: () => Promise<Answer>,
    callee: string,
    by: Caller = "node",
  ): Promise<Answer> {
    const outage = by === "node" ? this.outage?.(callee) : null;
    const fault = outage ?? this.#options.fails?.(by) ?? null;
    const alive = async () => {
      if (life.dead) return never<Answer>();
      life.open.set(callee, (life.open.get(callee) ?? 0) + 1);
      try {
        return await run();
      } finally {
        life.open.set(callee, (life.open.get(callee) ?? 0) - 1);
      }
    };
    return this.#fence(life, callWith(fault, alive, this.clock.sleep));
  }

  /** A call by a device or the edge, which waits so long and no longer; no outage is in its way. */
  callFromOutside<Answer>(
    callee: string,
    run: (node: TagNode) => Promise<Answer>,
    by: Caller = "device",
  ): Promise<Answer> {
    const call = this.call(this.#life, () => run(this.node(callee)), callee, by);
    return this.clock.withTimeout(LIMITS.DEVICE_CALL_MS, call);
  }

  #live(life: Life, name: string): TagLive {
    const live = this.liveNode(name);
    const call = <Answer>(run: () => Promise<Answer>) =>
      this.call(life, () => live.fault?.() ?? run(), name);
    return {
      publish: ({ entries }) => call(async () => live.publish(entries)),
      presence: (listeners) =>
        call(async () => {
          live.told.push(listeners);
        }),
      listeners: () => call(async () => live.count()),
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

  /** The log of a tag's root, from what is stored. */
  logOf(tag: string): { readonly position: number; readonly seq: number; readonly key: string }[] {
    const entries = this.stores.get(this.nodeName("", tag))?.listLog() ?? [];
    return entries.map(({ header: { position, seq, key } }) => ({
      ...{ position, seq },
      key: toBase64Url(key),
    }));
  }

  /** Members of all nodes of a tag, by device, from what is stored. */
  members(tag = TAG): Map<string, string[]> {
    const found = new Map<string, string[]>();
    for (const [name, store] of this.stores) {
      if (!name.startsWith(this.nodeName("", tag))) continue;
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
      yield: async () => {},
      rest: async () => {},
      setAlarm: (at) => {
        if (life.dead) return;
        this.#alarms.set(name, Math.min(at, this.#alarms.get(name) ?? Number.POSITIVE_INFINITY));
      },
      device: (device): TagDevice => ({
        deliver: (request) =>
          this.call(
            life,
            async () => {
              this.calls.deliver++;
              const found = this.devices.get(device);
              if (found === undefined) throw new Error(`no device ${device}`);
              return found.deliver(request);
            },
            device,
          ),
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
      updateDirectory: (app, entry) =>
        this.call(
          life,
          async () => {
            this.reports.push(entry);
          },
          app,
        ),
      reportError: (error) => {
        this.troubles.push(error);
      },
      calls: life.calls,
      parallelNodes: this.#options.parallelNodes ?? 4,
    };
  }
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
