/** The shell of a tag's node: what it does with alarms and rows that fail. */
import { expect, test } from "vitest";
import type { DeliverAnswer } from "../../../core/tag/calls/fan-out.ts";
import { CallLimiter } from "../../../core/tag/fan-out/call-limiter.ts";
import { nodeObjectName, tagIdOf } from "../../../core/tag/name.ts";
import { sends } from "../../../objects/capacity/sends.ts";
import type {
  DeviceRpc,
  LiveRpc,
  TagDirectoryRpc,
  TagRpc,
} from "../../../objects/interfaces/rpc.ts";
import { type TagSettings, TagShell } from "../../../objects/tag/tag-shell.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { turn, VirtualClock } from "../support/runtime/clock.ts";
import { Disk } from "../support/runtime/disk.ts";
import { FakeRuntime } from "../support/runtime/fake-runtime.ts";
import { Life } from "../support/runtime/life.ts";
import { MemoryTagStore } from "../tag/support/memory-tag-store.ts";
import { broadcastOf } from "../tag/support/world.ts";

const APP = "AAAAAAAAAAA";
const TAG = "news";
const JOIN = { tag: TAG, device: "AAAAAAAAAAAAAAAAAAAAAA", find: false, born: null, attach: false };

class Store extends MemoryTagStore {
  /** Reading fails with it; null where it does not. */
  error: Error | null = null;

  override readNode() {
    if (this.error !== null) throw this.error;
    return super.readNode();
  }
}

const nobody = (): never => {
  throw new Error("nobody is called here");
};

interface ShellOptions {
  /** Of the tag. */
  readonly tag?: string;
  readonly clock?: VirtualClock;
  readonly device?: Pick<DeviceRpc, "deliver">;
  readonly live?: LiveRpc;
  /** The root of another tag. */
  readonly other?: Pick<TagRpc, "broadcast">;
  readonly directory?: Pick<TagDirectoryRpc, "report">;
}

/** A node on a host that ends an alarm which takes so long; without a bound, on one that commits in groups. */
function shellOf(sliceMs: TagSettings["sliceMs"], options: ShellOptions = {}) {
  const { tag = TAG, clock = new VirtualClock(), device, live, other, directory } = options;
  const name = nodeObjectName({ app: APP, tagId: tagIdOf(APP, tag), path: "" });
  const disk = new Disk(new Store(), (store) => store.copy(new Store()));
  const hibernates = sliceMs !== null;
  const runtime = new FakeRuntime({
    ...{ name, clock, disk, life: new Life(), hibernates, knowsAlarm: true },
  });
  const peers = {
    device: () => (device ?? nobody()) as DeviceRpc,
    live: () => live ?? nobody(),
    app: () => nobody(),
    node: () => (other ?? nobody()) as TagRpc,
    tagDirectory: () => (directory ?? { report: async () => {} }) as TagDirectoryRpc,
  };
  const shell = new TagShell(runtime, peers, {
    ...{ nodeMembers: undefined, parallelNodes: 1, calls: new CallLimiter(), directoryShards: 1 },
    appId: (app) => app,
    ...{ sliceMs, isImporting: false, mayWake: null },
  });
  return { shell, runtime, disk, clock };
}

test("B5 an alarm in slices that fails is set anew, later each time, and a node that is not there is freed", async () => {
  const { shell, runtime, disk, clock } = shellOf(600_000);
  const { store } = disk;
  store.error = new Error("the disk cannot be read");
  for (const most of [1_000, 2_000, 4_000]) {
    await shell.alarm();
    const waits = (disk.alarmAt ?? 0) - clock.now;
    expect(waits).toBeGreaterThanOrEqual(most / 2);
    expect(waits).toBeLessThanOrEqual(most);
  }
  expect(new Set(runtime.errors)).toEqual(new Set([store.error]));
  store.error = null;
  await shell.alarm();
  expect(disk.alarmAt).toBeNull();
  expect(runtime.freed).toBe(1);
});

test("B5 an alarm that rings until its work is done stays where that fails, for its host to ring again", async () => {
  const { shell, disk, clock } = shellOf(null);
  disk.alarmAt = clock.now;
  disk.store.error = new Error("the disk cannot be read");
  await expect(shell.alarm()).rejects.toThrow(disk.store.error);
  expect(disk.alarmAt).toBe(clock.now);
  disk.store.error = null;
  await shell.alarm();
  expect(disk.alarmAt).toBeNull();
});

test("T1 P1.10 an alarm in slices stays set while counts are on their way, so that a kill does not lose them", async () => {
  const answer = Promise.withResolvers<void>();
  const directory = { report: () => answer.promise };
  const { shell, runtime, disk, clock } = shellOf(2_000, { directory });
  await shell.join(JOIN);
  await clock.pass(LIMITS.COUNT_DELAY_MS);
  for (let slice = 1; slice <= 3; slice++) {
    await clock.until(runtime.ring(() => shell.alarm()));
    expect(disk.alarmAt).toBe(clock.now);
  }
  answer.resolve();
  await clock.until(runtime.ring(() => shell.alarm()));
  expect(disk.alarmAt).toBeNull();
});

test("P1.10 P4.2 what could not be stored is answered by nobody, and the next call begins with what is on disk", async () => {
  const { shell, runtime, disk } = shellOf(null);
  disk.fates.push("fails");
  await expect(shell.join(JOIN)).rejects.toMatchObject({ code: "storage_unavailable" });
  expect(await shell.info()).toBeNull();
  expect(runtime.opened).toBe(2);
  expect(await shell.join(JOIN)).toMatchObject({ kind: "joined" });
  expect(runtime.opened).toBe(2);
});

/** A clock that ends what runs on and on in one turn of the process: nothing else could. */
class StrictClock extends VirtualClock {
  /** Since it was last set to 0. */
  reads = 0;

  override get now(): number {
    if (++this.reads > 1_000) throw new Error("the clock was read 1,000 times in one turn");
    return super.now;
  }
}

test("P1.10 H3 broadcasts whose outcomes cannot be written end their turn, and are served when the disk works again", async () => {
  const clock = new StrictClock();
  const answer = Promise.withResolvers<DeliverAnswer>();
  const device = { deliver: () => answer.promise };
  const { shell, runtime, disk } = shellOf(null, { clock, device });
  await shell.join(JOIN);
  await shell.attach({ device: JOIN.device, after: null });
  // The second is called while the outcome of the first is written, and the first comes next again if that failed.
  const requests = [broadcastOf({}), broadcastOf({})];
  for (const request of requests)
    expect(await shell.broadcast(request)).toMatchObject({ ok: true });

  disk.fates.push("fails", "fails", "fails");
  const other = { ...JOIN, device: "BBBBBBBBBBBBBBBBBBBBBB" };
  await expect(shell.join(other)).rejects.toMatchObject({ code: "storage_unavailable" });
  clock.reads = 0;
  answer.resolve({ ok: true, outcome: "acknowledged" });
  await turn();
  expect(clock.reads).toBeLessThan(100);
  expect(runtime.errors).toMatchObject([{ code: "storage_unavailable" }]);

  const elsewhere = shellOf(null, { tag: "elsewhere", clock }).shell;
  expect(await elsewhere.join({ ...JOIN, tag: "elsewhere" })).toMatchObject({ kind: "joined" });

  for (const isFailing of [true, true, false]) {
    clock.reads = 0;
    const rung = clock.until(shell.alarm());
    if (isFailing) await expect(rung).rejects.toMatchObject({ code: "storage_unavailable" });
    else await rung;
  }
  for (const { key } of requests)
    expect(await shell.broadcastStatus(key)).toMatchObject({ status: "sent", delivered: 1 });
});

test("P1.10 H3 a live node that cannot be told while the disk fails does not end the process", async () => {
  const answer = Promise.withResolvers<never>();
  const live = {
    publish: () => answer.promise,
    listeners: async () => 1,
    presence: async () => {},
  };
  const { shell, runtime, disk } = shellOf(null, { live: live as unknown as LiveRpc });
  await shell.reportLive({ tag: TAG, region: "eu", n: 0, listeners: 1 });
  await shell.broadcast(broadcastOf({}));
  disk.fates.push("fails");
  await expect(shell.join(JOIN)).rejects.toMatchObject({ code: "storage_unavailable" });
  const failure = new Error("the live node cannot be reached");
  answer.reject(failure);
  await turn();
  // One waits for it to write the outcome of the broadcast; nobody waits for the other.
  const isStorage = { code: "storage_unavailable" };
  expect(runtime.errors).toMatchObject([failure, isStorage, isStorage]);
});

test("P1.10 B21 a broadcast that is not durable yet is sent to nobody, and its alarm stays set until it is served", async () => {
  const answers = Promise.withResolvers<void>();
  const sent: string[] = [];
  const called = async <Answer>(who: string, answer: Answer): Promise<Answer> => {
    sent.push(who);
    await answers.promise;
    return answer;
  };
  const live = {
    publish: () => called("live node", { kind: "sent", listeners: 1 }),
    listeners: async () => 1,
    presence: async () => {},
  };
  const { shell, disk, clock } = shellOf(null, {
    device: { deliver: () => called("device", { ok: true, outcome: "acknowledged" }) },
    live: live as unknown as LiveRpc,
    other: { broadcast: () => called("other tag", { ok: true, seq: 1 }) },
  });
  await shell.join(JOIN);
  await shell.attach({ device: JOIN.device, after: null });
  await shell.reportLive({ tag: TAG, region: "eu", n: 0, listeners: 1 });

  disk.fates.push(1_000);
  const accepted = shell.broadcast(broadcastOf({ cover: [TAG, "elsewhere"] }));
  const rung = shell.alarm();
  await clock.pass(900);
  expect(sent).toEqual([]);
  expect(await clock.until(accepted)).toMatchObject({ ok: true });
  await clock.pass(1_500);
  expect(sent.sort()).toEqual(["device", "live node", "other tag"]);
  expect(disk.alarmAt).not.toBeNull();
  answers.resolve();
  await clock.until(rung);
  expect(disk.alarmAt).toBeNull();
});

test("P5.1 a fan-out rests after each batch of calls while there are single sends, and only then", async () => {
  const device = { deliver: async () => ({ ok: true, outcome: "acknowledged" }) as const };
  const { shell, runtime, clock } = shellOf(null, { device });
  // Two batches of 7, and one that is not full.
  const members = 15;
  for (let at = 0; at < members; at++) {
    const device = `${String.fromCharCode(65 + at)}${JOIN.device.slice(1)}`;
    await shell.join({ ...JOIN, device });
    await shell.attach({ device, after: null });
  }
  const { scheduler } = runtime;
  const { rest } = scheduler;
  let rests = 0;
  scheduler.rest = () => {
    rests++;
    return rest();
  };
  const restsOf = async () => {
    rests = 0;
    const request = broadcastOf({});
    await shell.broadcast(request);
    await clock.until(shell.alarm());
    expect(await shell.broadcastStatus(request.key)).toMatchObject({
      status: "sent",
      delivered: members,
    });
    return rests;
  };
  expect(await restsOf()).toBe(0);
  sends.began(clock.now);
  expect(await restsOf()).toBe(2);
});
