/** The shell of a tag's node: what it does with alarms and rows that fail. */
import { expect, test } from "vitest";
import { CallLimiter } from "../../../core/tag/fan-out/call-limiter.ts";
import { nodeObjectName, tagIdOf } from "../../../core/tag/name.ts";

import { type TagSettings, TagShell } from "../../../objects/tag/tag-shell.ts";
import { VirtualClock } from "../support/runtime/clock.ts";
import { Disk } from "../support/runtime/disk.ts";
import { FakeRuntime } from "../support/runtime/fake-runtime.ts";
import { Life } from "../support/runtime/life.ts";

import { MemoryTagStore } from "../tag/support/memory-tag-store.ts";

const APP = "AAAAAAAAAAA";
const TAG = "news";
const NAME = nodeObjectName({ app: APP, tagId: tagIdOf(APP, TAG), path: "" });
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

/** A node on a host that ends an alarm which takes so long; without a bound, on one that commits in groups. */
function shellOf(sliceMs: TagSettings["sliceMs"]) {
  const clock = new VirtualClock();
  const disk = new Disk(new Store(), (store) => store.copy(new Store()));
  const hibernates = sliceMs !== null;
  const runtime = new FakeRuntime({
    ...{ name: NAME, clock, disk, life: new Life(), hibernates, knowsAlarm: true },
  });
  const peers = { device: nobody, node: nobody, live: nobody, tagDirectory: nobody };
  const shell = new TagShell(runtime, peers, {
    ...{ nodeMembers: undefined, parallelNodes: 1, calls: new CallLimiter(), directoryShards: 1 },
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

test("P1.10 P4.2 what could not be stored is answered by nobody, and the next call begins with what is on disk", async () => {
  const { shell, runtime, disk } = shellOf(null);
  disk.fates.push("fails");
  await expect(shell.join(JOIN)).rejects.toMatchObject({ code: "storage_unavailable" });
  expect(await shell.info()).toBeNull();
  expect(runtime.opened).toBe(2);
  expect(await shell.join(JOIN)).toMatchObject({ kind: "joined" });
  expect(runtime.opened).toBe(2);
});
