/** Clients of one storage with a link each, of which the newer replaces the older: how they come to one key. */
import { expect, test } from "vitest";
import { memoryStorage, type Storage } from "../../../../sdk/device/mod.ts";
import { settle, until } from "../fake/clock.ts";
import { gate, reaches, start } from "../fake/mesh.ts";
import { app, codes, held, mesh, sealing, useSealedMesh } from "./support.ts";

useSealedMesh();

const DAY_MS = 86_400_000;

/** A client on the storage that has read it, and whose link waits for `open`. */
async function second(storage: Storage) {
  mesh.auto = false;
  const { length } = mesh.sockets;
  const device = await start(mesh, { storage });
  await until(() => mesh.sockets.length > length, "its socket");
  mesh.auto = true;
  const open = async () => {
    mesh.sockets[length - 1]?.end(4200, "replaced");
    mesh.socket.open();
    const socket = await mesh.link(length + 1);
    await settle();
    return socket;
  };
  return { ...device, open };
}

/** The mesh answers for its keys only once the gate opens. */
function gateKeys() {
  const { open, opened } = gate();
  const { linkKeys } = sealing;
  sealing.linkKeys = async () => {
    await opened;
    return linkKeys.call(sealing);
  };
  return open;
}

test("S28 a key that another client of the storage has changed meanwhile is read again, and the registration stays", async () => {
  const storage = memoryStorage();
  const before = await app(storage);
  const { regId } = held();
  await before.client.close();
  mesh.clock.now += 30 * DAY_MS + 1;
  const open = gateKeys();
  const first = await start(mesh, { storage });
  await reaches(first, "connected");
  const other = await second(storage);
  open();
  await until(() => held().epoch === 2, "the next key");
  const socket = await other.open();
  const got: unknown[] = [];
  other.client.onMessage(({ data }) => {
    got.push(data);
  });
  await until(() => socket.attached.size === 1, "the attach");
  socket.deliver(mesh.message("sealed"));
  await until(() => got.length === 1, "the message");
  expect(got).toEqual(["sealed"]);
  expect(socket.frames.map(({ kind }) => kind)).not.toContain("register");
  expect(held()).toMatchObject({ regId, epoch: 2 });
  expect(other.client.regId).toBe(regId);
  expect(codes(other)).toEqual([]);
  await other.client.close();
  // Nothing that the second has stored replaced the key.
  const after = await app(storage);
  mesh.socket.deliver(mesh.message("after"));
  await after.shows("after");
  expect(held()).toMatchObject({ regId, epoch: 2 });
  await after.client.close();
});

test("S28 clients of one storage that register at once have one registration", async () => {
  const storage = memoryStorage();
  const first = await start(mesh, { storage });
  await reaches(first, "connected");
  const other = await second(storage);
  const regId = await first.client.register();
  const registering = other.client.register();
  const socket = await other.open();
  expect(await registering).toBe(regId);
  const got: unknown[] = [];
  other.client.onMessage(({ data }) => {
    got.push(data);
  });
  await until(() => socket.attached.size === 1, "the attach");
  socket.deliver(mesh.message("sealed"));
  await until(() => got.length === 1, "the message");
  expect(socket.frames.map(({ kind }) => kind)).not.toContain("register");
  expect(held()).toMatchObject({ regId, epoch: 1 });
  await other.client.close();
});
