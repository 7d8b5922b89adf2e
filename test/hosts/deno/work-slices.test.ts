/** Slices of long work: devices join and leave tags, alarms of tags, frames beyond a share, and what strangers pipeline. */
import { expect, test, vi } from "vitest";
import { type WorkKind, WorkSlices } from "../../../hosts/deno/work-slices.ts";
import { SOON } from "../../support/soon.ts";
import { turn } from "./support/mesh.ts";

/** @param isSending whether somebody sends */
function rig(isSending: boolean) {
  const entered: number[] = [];
  const rests: { readonly ms: number; readonly entered: number; readonly end: () => void }[] = [];
  const slices = new WorkSlices({
    isSending: () => isSending,
    committed: () => Promise.reject(new Error("the disk is full")),
    rest: (ms) =>
      new Promise((end) => {
        rests.push({ ms, entered: entered.length, end });
      }),
  });
  const devices: string[] = [];
  const enter = (count: number, device = "one", kind: WorkKind = "joins", weight = 1) => {
    for (let n = 0; n < count; n++)
      void slices.enter(kind, device, weight).then(() => {
        devices.push(device);
        entered.push(entered.length);
      });
  };
  return { entered, devices, rests, enter };
}

test("P8.3 what joins while somebody sends goes twelve at a time, and rests in between once some have gone", async () => {
  const { entered, rests, enter } = rig(true);
  enter(12 * 60);
  await vi.waitFor(() => expect(rests).toHaveLength(1), SOON);
  const first = rests[0]?.entered ?? 0;
  expect(first % 12).toBe(0);
  expect(first).toBeLessThan(12 * 50);
  // Nobody goes on before the pause is over.
  for (let turns = 0; turns < 10; turns++) await turn();
  expect(entered).toHaveLength(first);
  rests[0]?.end();
  await vi.waitFor(() => expect(rests.length).toBeGreaterThan(1), SOON);
  expect(entered.length).toBeGreaterThanOrEqual(first + 12);
});

test("P8.3 joins of a crowd are in larger slices, but of 64 at the most, and sends go between them", async () => {
  const { rests, enter } = rig(true);
  for (let n = 0; n < 8_000; n++) enter(8, `${n}`);
  await vi.waitFor(() => expect(rests).toHaveLength(1), SOON);
  const first = rests[0]?.entered ?? 0;
  expect(first % 64).toBe(0);
  expect(first).toBeLessThan(64 * 50);
});

test("P8.3 devices take turns: one that joins a tag does not wait for the thousands of others", async () => {
  const { devices, rests, enter } = rig(true);
  enter(2_000, "a");
  enter(2_000, "b");
  enter(1, "c");
  await vi.waitFor(() => expect(rests.length).toBeGreaterThan(0), SOON);
  expect(devices.slice(0, 5)).toEqual(["a", "b", "c", "a", "b"]);
});

test("nobody rests where nobody sends, and a commit that fails holds up nobody", async () => {
  const { entered, rests, enter } = rig(false);
  enter(100);
  await vi.waitFor(() => expect(entered).toHaveLength(100), SOON);
  expect(rests).toEqual([]);
});

/** Ends pauses until something is so. */
async function until({ rests }: ReturnType<typeof rig>, isSo: () => boolean): Promise<void> {
  for (let turns = 0; turns < 5_000 && !isSo(); turns++) {
    for (const { end } of rests) end();
    await turn();
  }
  expect(isSo()).toBe(true);
}

test("P8.3 what strangers send without waiting, by however many connections and networks, holds up no join for more than a slice", async () => {
  const one = rig(true);
  for (let n = 0; n < 500; n++) one.enter(10, `network ${n}`, "strangers", 2);
  await vi.waitFor(() => expect(one.rests).toHaveLength(1), SOON);
  const before = one.entered.length;
  one.enter(12, "device");
  await vi.waitFor(() => expect(one.devices).toContain("device"), SOON);
  // Neither for the pause that others owe.
  expect(one.devices.slice(before, before + 12)).toEqual(Array(12).fill("device"));
});

test("P8.3 frames of registered devices go before what strangers send, and joins and alarms before both", async () => {
  const one = rig(false);
  for (const kind of ["strangers", "frames", "alarms", "joins"] as const)
    one.enter(2, kind, kind, 12);
  await vi.waitFor(() => expect(one.devices).toHaveLength(8), SOON);
  const kinds = ["joins", "alarms", "frames", "strangers"].flatMap((kind) => [kind, kind]);
  expect(one.devices).toEqual(kinds);
});

test("P8.3 no kind of work waits for ever: while devices join without end, each other has a slice now and then", async () => {
  const one = rig(true);
  for (let n = 0; n < 200; n++) one.enter(100, `device ${n}`);
  for (const kind of ["alarms", "frames", "strangers"] as const) one.enter(100, kind, kind, 12);
  await until(one, () => one.devices.filter((each) => each === "strangers").length === 3);
  const others = one.devices.filter((each) => !each.startsWith("device"));
  expect(others).toEqual(Array(3).fill(["alarms", "frames", "strangers"]).flat());
  const joined = one.devices.length - others.length;
  expect(joined).toBeGreaterThan(3 * 8 * 12);
  expect(joined).toBeLessThan(4 * 8 * 64);
});

test("P8.3 networks take turns: one with hundreds of connections leaves others theirs", async () => {
  const one = rig(true);
  one.enter(500, "crowd", "strangers", 2);
  one.enter(1, "other", "strangers", 2);
  await vi.waitFor(() => expect(one.devices.length).toBeGreaterThan(2), SOON);
  expect(one.devices.slice(0, 3)).toEqual(["crowd", "other", "crowd"]);
});
