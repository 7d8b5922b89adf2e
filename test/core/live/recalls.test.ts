/** What live listeners hear of broadcasts that were recalled. */
import { expect, test } from "vitest";
import { recallKey } from "../../../core/tag/log/recalled.ts";
import { LiveRig } from "./support/rig.ts";

test("X4 V2 without what was recalled, for one row, also over a restart; a recall is nothing to hear", async () => {
  const rig = new LiveRig();
  const there = await rig.listen();
  const recalled = await rig.broadcast();
  await rig.broadcast();
  const rows = rig.store.rowsWritten;
  const { seq, key } = recalled;
  await rig.broadcast({ recalls: seq, key: recallKey(key), data: new Uint8Array() });
  expect(rig.store.rowsWritten - rows).toBe(2);
  expect(there.cursors).toEqual([1, 2]);
  expect((await rig.listen(0)).cursors).toEqual([2]);
  rig.restart();
  expect((await rig.listen(0)).cursors).toEqual([2]);
});
