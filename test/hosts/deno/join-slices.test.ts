/** Slices in which devices join and leave tags. */
import { expect, test, vi } from "vitest";
import { JoinSlices } from "../../../hosts/deno/objects/join-slices.ts";
import { SOON } from "../../support/soon.ts";
import { turn } from "./support/mesh.ts";

/** @param isSending whether somebody sends */
function rig(isSending: boolean) {
  const entered: number[] = [];
  const rests: { readonly ms: number; readonly entered: number; readonly end: () => void }[] = [];
  const slices = new JoinSlices({
    isSending: () => isSending,
    committed: () => Promise.reject(new Error("the disk is full")),
    rest: (ms) =>
      new Promise((end) => {
        rests.push({ ms, entered: entered.length, end });
      }),
  });
  const enter = (count: number) => {
    for (let n = 0; n < count; n++) void slices.enter().then(() => entered.push(entered.length));
  };
  return { entered, rests, enter };
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

test("P8.3 joins of a crowd are in larger slices, so that nobody waits for more than 64 of them", async () => {
  const { rests, enter } = rig(true);
  enter(64_000);
  await vi.waitFor(() => expect(rests).toHaveLength(1), SOON);
  expect(rests[0]?.entered).toBeGreaterThanOrEqual(1_000);
});

test("nobody rests where nobody sends, and a commit that fails holds up nobody", async () => {
  const { entered, rests, enter } = rig(false);
  enter(100);
  await vi.waitFor(() => expect(entered).toHaveLength(100), SOON);
  expect(rests).toEqual([]);
});
