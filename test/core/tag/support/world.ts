/** The trees of one app, with devices that behave as docs/protocol.md wants them to, in one place that can be killed. */
import type { BroadcastRequest, BroadcastStatus } from "../../../../core/tag/calls/broadcast.ts";
import type { DeliverRequest } from "../../../../core/tag/calls/fan-out.ts";
import type { TagReport } from "../../../../core/tag/directory/directory.ts";
import { CallLimiter } from "../../../../core/tag/fan-out/call-limiter.ts";
import { liveObjectName, nodeObjectName, tagIdOf } from "../../../../core/tag/name.ts";
import { OPEN_POLICY } from "../../../../core/trust/policy.ts";
import type {
  AppRecord,
  AppRpc,
  DeviceRpc,
  LiveRpc,
  TagDirectoryRpc,
  TagRpc,
} from "../../../../objects/interfaces/rpc.ts";
import { StorageError } from "../../../../objects/storage-error.ts";
import { TagShell } from "../../../../objects/tag/tag-shell.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { toBase64Url } from "../../../../schema/text.ts";
import { callWith, type Fault } from "../../support/faults.ts";
import { turn, VirtualClock } from "../../support/runtime/clock.ts";
import { Disk } from "../../support/runtime/disk.ts";
import { FakeRuntime } from "../../support/runtime/fake-runtime.ts";
import { Life } from "../../support/runtime/life.ts";
import { SimDevice } from "./device.ts";
import { SimLive } from "./live.ts";
import { MemoryTagStore } from "./memory-tag-store.ts";
import { peerOf } from "./peer.ts";

export const APP = "AAAAAAAAAAA";
export const TAG = "news";

/** How long one alarm may take on a host that ends those that take longer. */
const SLICE_MS = 600_000;
/** After how long an alarm that failed rings again where it is a row. */
const RING_AGAIN_MS = 2_000;

export interface WorldOptions {
  readonly nodeMembers?: number;
  readonly parallelNodes?: number;
  /** `TagSettings.born`: from 0 on unless told. */
  readonly born?: (now: number) => number;
  /** What happens to the next call between objects; null for nothing. */
  readonly fails?: (by: Caller) => Fault | null;
  /** As of `FakeRuntime`: there alarms come in slices. */
  readonly hibernates?: boolean;
  readonly sliceMs?: number;
}

/** Who makes a call: the nodes of a tag, a device, or the edge for a sender. */
export type Caller = "node" | "device" | "edge";

/** A node in one life of its object. */
interface Running {
  readonly life: Life;
  readonly runtime: FakeRuntime<MemoryTagStore>;
  readonly shell: TagShell;
}

export class World {
  readonly clock = new VirtualClock();
  readonly devices = new Map<string, SimDevice>();
  readonly reports: TagReport[] = [];
  /** By name. */
  readonly liveNodes = new Map<string, SimLive>();
  readonly troubles: unknown[] = [];
  /** Calls to objects since it was last set to 0. */
  calls = { deliver: 0, fanOut: 0, alarm: 0, join: 0, attach: 0, app: 0 };
  /** Of the app, as its object has it. */
  record: AppRecord | null = {
    ...{ appId: APP, name: "Shop", createdAt: 0, keys: [], quota: null },
    ...{ policy: OPEN_POLICY, trustVersion: 0 },
  };
  /** What happens to calls between objects by the callee's name, whatever the options say; null for nothing. */
  outage: ((callee: string) => Fault | null) | null = null;
  readonly disks = new Map<string, Disk<MemoryTagStore>>();
  readonly #options: WorldOptions;
  /** Of the process. */
  #life = new Life();
  #limiter = new CallLimiter();
  readonly #running = new Map<string, Running>();
  /** Calls of each object that it has not answered, by name. */
  #open = new Map<string, number>();
  #lives = 0;

  constructor(options: WorldOptions = {}) {
    this.#options = options;
  }

  /** What is stored, and what was written since, by name. */
  get stores(): ReadonlyMap<string, MemoryTagStore> {
    return new Map([...this.disks].map(([name, { store }]) => [name, store]));
  }

  get rows(): number {
    return [...this.stores.values()].reduce((sum, { rows }) => sum + rows, 0);
  }

  /** Nodes that were made. */
  get nodes(): number {
    return [...this.stores.values()].filter(({ exists }) => exists).length;
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

  diskOf(name: string): Disk<MemoryTagStore> {
    let disk = this.disks.get(name);
    if (disk === undefined) {
      disk = new Disk(new MemoryTagStore(), (store) => store.copy(new MemoryTagStore()));
      this.disks.set(name, disk);
    }
    return disk;
  }

  /** The node, in this life. */
  node(name: string): TagShell {
    return this.#run(name).shell;
  }

  root(tag = TAG): TagShell {
    return this.node(this.nodeName("", tag));
  }

  /** Everything in memory is gone, and what was under way with it. */
  kill(): void {
    this.#life.kill();
    for (const [name, { life }] of this.#running) {
      if (!life.isDead) this.diskOf(name).revert();
      life.kill();
    }
    this.#life = new Life();
    this.#limiter = new CallLimiter();
    this.#running.clear();
    this.#open = new Map();
    for (const device of this.devices.values()) device.lose();
  }

  /** Nodes that have nothing to do, and nobody to answer, leave memory as the hosts let them; devices stay linked. */
  evict(): void {
    for (const [name, { shell, life, runtime }] of this.#running) {
      if ((this.#open.get(name) ?? 0) > 0 || !shell.sleep(runtime.residence.sweeps)) continue;
      if (!runtime.residence.hibernates) continue;
      life.kill();
      this.#running.delete(name);
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
      const due = this.#alarms().filter(([, at]) => at <= this.clock.now + 60_000);
      if (due.length === 0) return;
      for (const [name, at] of due) {
        if (at > this.clock.now) await this.clock.pass(at - this.clock.now);
        this.calls.alarm++;
        await this.#ring(name);
      }
    }
    throw new Error("it is never quiet");
  }

  /** Lets time pass, and rings the alarms that are due by then. */
  async alarms(ms: number): Promise<void> {
    const end = this.clock.now + ms;
    for (;;) {
      const [next] = this.#alarms().sort(([, a], [, b]) => a - b);
      if (next === undefined || next[1] > end) break;
      const [name, at] = next;
      if (at > this.clock.now) await this.clock.pass(at - this.clock.now);
      await this.#ring(name);
    }
    if (this.clock.now < end) await this.clock.pass(end - this.clock.now);
  }

  /** Those that are set. */
  #alarms(): [name: string, at: number][] {
    return [...this.disks].flatMap(([name, { alarmAt }]) =>
      alarmAt === null ? [] : [[name, alarmAt] as [string, number]],
    );
  }

  async #ring(name: string): Promise<void> {
    const { runtime, shell } = this.#run(name);
    try {
      await this.clock.until(runtime.ring(() => shell.alarm()));
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      // Its row stands, and the host rings again after a while.
      await this.clock.pass(RING_AGAIN_MS);
    }
    // The last that it wrote is stored.
    await turn();
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
    const alive = () =>
      life.call(async () => {
        const open = this.#open;
        open.set(callee, (open.get(callee) ?? 0) + 1);
        try {
          return await run();
        } finally {
          open.set(callee, (open.get(callee) ?? 0) - 1);
        }
      });
    return life.fence(callWith(fault, alive, this.clock.sleep));
  }

  /** A call by a device or the edge, which waits so long and no longer; no outage is in its way. */
  callFromOutside<Answer>(
    callee: string,
    run: (node: TagShell) => Promise<Answer>,
    by: Caller = "device",
  ): Promise<Answer> {
    const call = this.call(this.#life, () => this.#ask(callee, run), callee, by);
    return this.clock.withTimeout(LIMITS.DEVICE_CALL_MS, call);
  }

  liveNode(name: string): SimLive {
    const live = this.liveNodes.get(name) ?? new SimLive();
    this.liveNodes.set(name, live);
    return live;
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

  /** What a node answers, as long as it lives. */
  #ask<Answer>(name: string, run: (node: TagShell) => Promise<Answer>): Promise<Answer> {
    const { shell, life } = this.#run(name);
    return life.answer(run(shell));
  }

  #run(name: string): Running {
    const standing = this.#running.get(name);
    if (standing !== undefined && !standing.life.isDead) return standing;
    const { clock } = this;
    const { nodeMembers, parallelNodes = 4, born = () => 0 } = this.#options;
    const { hibernates = true, sliceMs = SLICE_MS } = this.#options;
    const life = new Life();
    const runtime = new FakeRuntime({
      ...{ name, clock, life, hibernates, disk: this.diskOf(name), seed: ++this.#lives },
      // The class of the object asks for it before anything else comes.
      knowsAlarm: true,
      onError: (error) => this.troubles.push(error),
    });
    const shell = new TagShell(runtime, this.#peersOf(life), {
      ...{ nodeMembers, parallelNodes, born, calls: this.#limiter, directoryShards: 1 },
      ...{ sliceMs: hibernates ? sliceMs : null, isImporting: false, mayWake: null },
      appId: (app) => app,
    });
    const running = { life, runtime, shell };
    this.#running.set(name, running);
    return running;
  }

  /** The other objects, as one life of a node calls them. */
  #peersOf(life: Life) {
    return {
      device: (name: string) =>
        peerOf<DeviceRpc>((_, request) =>
          this.call(
            life,
            async () => {
              this.calls.deliver++;
              const found = this.devices.get(name);
              if (found === undefined) throw new Error(`no device ${name}`);
              return found.deliver(request as DeliverRequest);
            },
            name,
          ),
        ),
      node: (name: string) =>
        peerOf<TagRpc>((method, ...args) => {
          const run = (): Promise<unknown> => {
            if (method === "fanOut") this.calls.fanOut++;
            return this.#ask(name, (node) => Reflect.apply(node[method], node, args));
          };
          return this.call(life, run, name);
        }),
      app: (appId: string) =>
        peerOf<AppRpc>(() => {
          const record = async () => {
            this.calls.app++;
            return this.record;
          };
          return this.call(life, record, appId);
        }),
      live: (name: string) => {
        const live = this.liveNode(name);
        return peerOf<LiveRpc>((method, request) =>
          this.call(life, async () => live.fault?.() ?? live.answer(method, request), name),
        );
      },
      tagDirectory: (name: string) =>
        peerOf<TagDirectoryRpc>((_, report) =>
          this.call(
            life,
            async () => {
              this.reports.push(report as TagReport);
            },
            name,
          ),
        ),
    };
  }
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
