/** A device that comes back attaches to the nodes of all its tags: what one turn of the thread does of that. */
import { expect, test, vi } from "vitest";
import { TagShell } from "../../../../objects/tag/tag-shell.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { openMesh, quiet, TestDevice, turn } from "../support/mesh.ts";

const TAGS = 500;

test("P8.3 a device that comes back with 500 tags attaches to a few dozen of them in one turn of the thread", async () => {
  const { mesh, reported } = openMesh();
  const device = await TestDevice.create(mesh);
  const { link } = await device.online();
  for (let request = 1; request <= TAGS / LIMITS.SUBSCRIBE_TAGS; request++) {
    const add = Array.from({ length: LIMITS.SUBSCRIBE_TAGS }, (_, n) => `${request}-${n}`);
    link.device.command({ kind: "subscribe", value: { request, slot: 1, add, remove: [] } });
    await link.device.expect("done");
  }
  await quiet(mesh);
  link.lose();
  await quiet(mesh);
  const attach = vi.spyOn(TagShell.prototype, "attach");
  const again = await device.connect({ attach: [1] });
  await again.device.synced();
  let most = 0;
  for (let before = 0; attach.mock.calls.length < TAGS; before = attach.mock.calls.length) {
    await turn();
    most = Math.max(most, attach.mock.calls.length - before);
  }
  await quiet(mesh);
  expect(attach).toHaveBeenCalledTimes(TAGS + 1);
  expect(most).toBeLessThan(100);
  expect(reported).toEqual([]);
});
