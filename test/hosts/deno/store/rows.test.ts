/** Rows that a device writes in the shared database, as SQLite itself counts them: the same as on Workers. */
import { describe, expect, test } from "vitest";
import { openMesh, quiet, TestDevice } from "../support/mesh.ts";
import { countRows } from "../support/rows.ts";

describe("rows a device of the Deno host writes", () => {
  test("P6.1 a message that is acknowledged in time: none, and no transaction", async () => {
    const { mesh, db } = openMesh();
    const device = await TestDevice.create(mesh);
    const { link, app } = await device.online();
    const written = countRows(db);
    const { batch } = db;
    for (let i = 0; i < 5; i++) {
      const answer = device.send(app);
      link.device.acknowledge(await link.device.messages());
      expect(await answer).toMatchObject({ status: "delivered" });
    }
    expect(written()).toBe(0);
    expect(db.batch).toBe(batch);
  });

  test("P6.2 a queued message: one to insert and one to delete, and one alarm for all of them", async () => {
    const { mesh, db } = openMesh();
    const device = await TestDevice.create(mesh);
    const { link, app } = await device.online();
    const written = countRows(db);
    for (let i = 0; i < 10; i++) {
      expect(await device.send(app, { waitMs: 0 })).toMatchObject({ status: "queued" });
    }
    expect(written()).toBe(10 + 1);
    for (let i = 0; i < 10; i++) link.device.acknowledge(await link.device.messages());
    await link.device.synced();
    expect(written()).toBe(20 + 1);
  });

  test("P6.4 a connect and its disconnect: two", async () => {
    const { mesh, db } = openMesh();
    const device = await TestDevice.create(mesh);
    (await device.online()).link.lose();
    const written = countRows(db);
    const again = await device.connect({ attach: [1] });
    await again.device.synced();
    await quiet(mesh);
    expect(written()).toBe(1);
    again.lose();
    await quiet(mesh);
    expect(written()).toBe(2);
  });

  test("P6.2 unregister: one, and what it was in", async () => {
    const { mesh, db } = openMesh();
    const device = await TestDevice.create(mesh);
    const { link } = await device.online();
    const written = countRows(db);
    link.device.command({ kind: "unregister", value: { request: 1, slot: 1 } });
    await link.device.expect("unregistered");
    await quiet(mesh);
    // And the two by which it was in the tag of all devices, its own and the node's, and the alarm of what it owes until then.
    expect(written()).toBe(1 + 2 + 1);
  });
});
