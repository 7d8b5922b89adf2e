/** A device whose memory is ahead of its rows: nobody who waits for it is forgotten. */
import { expect, test } from "vitest";
import { StorageError } from "../../../../objects/storage-error.ts";
import { openMesh, stored, TestDevice } from "../support/mesh.ts";

test("P4.2 who waits is refused also where the next life begins before its failure is told", async () => {
  const { mesh, db } = openMesh();
  const device = await TestDevice.create(mesh);
  const { link, app } = await device.online();
  const waiting = device.send(app);
  await link.device.expect("deliver");
  await stored(mesh);
  const refused = expect(device.send(app, { waitMs: 0 })).rejects.toBeInstanceOf(StorageError);
  // Runs right after the failure is known, and before those are told who wait for the disk.
  const asked = db.committed().catch(() => device.host.isRegistered);
  expect(() => db.run("INSERT INTO nowhere VALUES (1)")).toThrow();
  await refused;
  await expect(asked).rejects.toBeInstanceOf(StorageError);
  expect(await waiting).toMatchObject({ ok: false, code: "storage_unavailable" });
});
