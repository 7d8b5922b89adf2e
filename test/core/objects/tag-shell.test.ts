/** The shell of a tag's node: what it does with alarms and rows that fail. */
import { expect, test } from "vitest";
import { CallLimiter } from "../../../core/tag/fan-out/call-limiter.ts";
import { nodeObjectName, tagIdOf } from "../../../core/tag/name.ts";
import { type TagSettings, TagShell } from "../../../objects/tag/tag-shell.ts";
import { MemoryTagStore } from "../tag/support/memory-tag-store.ts";
import { FakeRuntime } from "./fake-runtime.ts";

const APP = "AAAAAAAAAAA";
const TAG = "news";
const NAME = nodeObjectName({ app: APP, tagId: tagIdOf(APP, TAG), path: "" });
const JOIN = { tag: TAG, device: "AAAAAAAAAAAAAAAAAAAAAA", find: false, born: null, attach: false };

class Store extends MemoryTagStore {
  /** Reading fails with it; null where it does not. */
  error: Error | null = null;

  get exists(): boolean {
    return this.readNode() !== null;
  }

  override readNode() {
    if (this.error !== null) throw this.error;
    return super.readNode();
  }
}

const nobody = (): never => {
  throw new Error("nobody is called here");
};

/** @param disk what one life of the node reads */
function shellOf(disk: () => Store, sliceMs: TagSettings["sliceMs"]) {
  const runtime = new FakeRuntime(NAME, disk);
  const peers = { device: nobody, node: nobody, live: nobody, tagDirectory: nobody };
  const shell = new TagShell(runtime, peers, {
    ...{ nodeMembers: undefined, parallelNodes: 1, calls: new CallLimiter(), directoryShards: 1 },
    ...{ sliceMs, isImporting: false, mayWake: null },
  });
  return { shell, runtime };
}

test("B5 an alarm in slices that fails is set anew, later each time, and a node that is not there is freed", async () => {
  const store = new Store();
  const { shell, runtime } = shellOf(() => store, 600_000);
  store.error = new Error("the disk cannot be read");
  for (const most of [1_000, 2_000, 4_000]) {
    await shell.alarm();
    const waits = (runtime.alarm.at ?? 0) - runtime.time;
    expect(waits).toBeGreaterThanOrEqual(most / 2);
    expect(waits).toBeLessThanOrEqual(most);
  }
  expect(new Set(runtime.errors)).toEqual(new Set([store.error]));
  store.error = null;
  await shell.alarm();
  expect(runtime.alarm.at).toBeNull();
  expect(runtime.freed).toBe(1);
});

test("B5 an alarm that rings until its work is done stays where that fails, for its host to ring again", async () => {
  const store = new Store();
  const { shell, runtime } = shellOf(() => store, null);
  runtime.alarm.set(runtime.time);
  store.error = new Error("the disk cannot be read");
  await expect(shell.alarm()).rejects.toThrow(store.error);
  expect(runtime.alarm.at).toBe(runtime.time);
  store.error = null;
  await shell.alarm();
  expect(runtime.alarm.at).toBeNull();
});

test("P1.10 P4.2 what could not be stored is answered by nobody, and the next call begins with what is on disk", async () => {
  const { shell, runtime } = shellOf(() => new Store(), 600_000);
  runtime.diskError = new Error("disk is full");
  await expect(shell.join(JOIN)).rejects.toThrow(runtime.diskError);
  runtime.diskError = null;
  expect(await shell.info()).toBeNull();
  expect(runtime.opened).toBe(2);
  expect(await shell.join(JOIN)).toMatchObject({ kind: "joined" });
  expect(runtime.opened).toBe(2);
});
