/** Slices in which devices join and leave tags. */
import { expect, test, vi } from "vitest";
import { WorkSlices } from "../../../hosts/deno/work-slices.ts";
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
  const enter = (count: number, device = "one") => {
    for (let n = 0; n < count; n++)
      void slices.enter(device).then(() => {
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
