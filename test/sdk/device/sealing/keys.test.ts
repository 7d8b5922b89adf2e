/** How an app and the mesh change their keys, and what becomes of messages meanwhile. */
import { expect, test } from "vitest";
import { memoryStorage } from "../../../../sdk/device/mod.ts";
import { settle, until } from "../fake/clock.ts";
import { APP, reaches, start } from "../fake/mesh.ts";
import { FakeSealing } from "../fake/sealing.ts";
import {
  app,
  codes,
  held,
  mesh,
  numberNow,
  relink,
  renew,
  sealing,
  useSealedMesh,
} from "./support.ts";

useSealedMesh();

test("S28 a standing registration gets a key when the mesh has some, and loses no message on the way", async () => {
  mesh.sealing = undefined;
  const device = await app();
  mesh.socket.deliver(mesh.message("plain"));
  await device.shows("plain");
  mesh.sealing = sealing;
  for (const [at, held] of mesh.registrations.entries())
    mesh.registrations[at] = { ...held, identity: `id-1-${held.slot}` };
  await relink();
  await until(() => held().epoch === 1, "the key");
  await settle();
  mesh.socket.deliver(mesh.message("sealed"));
  await device.shows("plain", "sealed");
  expect(device.texts()).toEqual(["plain", "sealed"]);
  expect(codes(device)).toEqual([]);
  await device.client.close();
});

const DAY_MS = 86_400_000;

test.each([
  [
    "after 30 days",
    () => {
      mesh.clock.now += 30 * DAY_MS + 1;
    },
  ],
  [
    "when the mesh has a newer key",
    () => {
      sealing.kids = [2, 1];
      mesh.clock.now += DAY_MS + 1;
    },
  ],
])("S28 the key changes %s, at the next link, and the change is sealed", async (_, pass) => {
  const device = await app();
  await relink();
  expect(held().epoch).toBe(1);
  pass();
  await relink();
  await until(() => held().epoch === 2, "the next key");
  await settle();
  expect(mesh.socket.sealed).toHaveLength(1);
  mesh.socket.deliver(mesh.message("sealed"));
  await device.shows("sealed");
  expect(codes(device)).toEqual([]);
  await device.client.close();
});

test("S28 a change of keys whose answer is lost is found at the next link, with either key", async () => {
  for (const isTaken of [true, false]) {
    renew();
    const device = await app();
    const { setUp } = sealing;
    sealing.setUp = async (...all) => {
      sealing.setUp = setUp;
      if (isTaken) await setUp.apply(sealing, all);
      const [registration] = mesh.registrations;
      if (registration) mesh.registrations[0] = { ...registration, epoch: isTaken ? 2 : 1 };
      mesh.socket.end(1006);
      return true;
    };
    mesh.socket.plain({
      kind: "sealed",
      value: { slot: 0, epoch: 1, number: numberNow(), body: new Uint8Array(40) },
    });
    await until(() => mesh.socket.closedBy, "the end of the link");
    mesh.online?.();
    await mesh.link(2);
    await until(() => mesh.socket.attached.size === 1, "the attach");
    await settle();
    mesh.socket.deliver(mesh.message("sealed"));
    await device.shows("sealed");
    expect(device.texts()).toEqual(["sealed"]);
    await device.client.close();
  }
});

test("S28 a key that the mesh has lost is replaced before anything is accepted, and nothing is lost", async () => {
  // No two readings of its clock are the same, so that an echo takes some time.
  let read = 0;
  const elapsed = () => mesh.clock.now + ++read / 4;
  const device = await app(undefined, { ...mesh.host, elapsed });
  sealing.forget(APP);
  for (const [at, { epoch: _, ...rest }] of mesh.registrations.entries())
    mesh.registrations[at] = rest;
  await relink();
  await until(() => held().epoch === 2, "another key");
  // Behind what the mesh may have sent before it knew the key, the app has attached again.
  await until(() => mesh.socket.echoes === 2, "the echoes");
  await until(() => mesh.socket.frames.at(-1)?.kind === "attach", "the attach");
  await settle();
  mesh.socket.deliver(mesh.message("sealed"));
  await device.shows("sealed");
  expect(codes(device)).toEqual([]);
  // It is the same registration, and nothing else was taken for its regId.
  expect(device.regIds).toEqual([held().regId]);
  expect(device.client.regId).toBe(held().regId);
  await device.client.close();
});

test("S28 a mesh restored from a backup that is older than its key is understood, and gets another", async () => {
  const storage = memoryStorage();
  const before = await app(storage);
  const { regId } = held();
  const restore = sealing.backup();
  mesh.clock.now += 30 * DAY_MS + 1;
  await relink();
  await until(() => held().epoch === 2, "the next key");
  await settle();
  mesh.socket.deliver(mesh.message("with the next key"));
  await before.shows("with the next key");
  await before.client.close();
  restore();
  mesh.registrations[0] = { ...held(), epoch: 1 };
  const { length } = mesh.sockets;
  const after = await app(storage);
  mesh.socket.deliver(mesh.message("restored"));
  await after.shows("restored");
  await until(() => held().epoch === 3, "another key");
  await settle();
  mesh.socket.deliver(mesh.message("rotated"));
  await after.shows("restored", "rotated");
  expect(after.texts()).toEqual(["restored", "rotated"]);
  expect(held().regId).toBe(regId);
  const sent = mesh.sockets.slice(length).flatMap(({ frames }) => frames);
  expect(sent.filter(({ kind }) => ["register", "setKey"].includes(kind))).toHaveLength(1);
  expect(mesh.socket.sealed).toHaveLength(1);
  expect(codes(after)).toEqual([]);
  // Once: not at the next link, nor with the next frame.
  await relink();
  mesh.socket.deliver(mesh.message("later"));
  await after.shows("restored", "rotated", "later");
  expect(held().epoch).toBe(3);
  await after.client.close();
});

test("S28 setups that are not answered, however many, do not push out the key in use", async () => {
  const storage = memoryStorage();
  const before = await app(storage);
  const { regId } = held();
  await before.client.close();
  mesh.clock.now += 30 * DAY_MS + 1;
  const { setUp } = sealing;
  sealing.setUp = async () => {
    mesh.socket.end(1006);
    return false;
  };
  for (let n = 0; n < 8; n++) {
    const { length } = mesh.sockets;
    const { client } = await start(mesh, { storage });
    const socket = await mesh.link(length + 1);
    await until(() => socket.closedBy, "the end of the link");
    await client.close();
  }
  sealing.setUp = setUp;
  const after = await app(storage);
  await until(() => held().epoch === 10, "the next key");
  await settle();
  mesh.socket.deliver(mesh.message("sealed"));
  await after.shows("sealed");
  expect(held().regId).toBe(regId);
  const all = mesh.sockets.flatMap(({ frames }) => frames);
  expect(all.filter(({ kind }) => kind === "register")).toHaveLength(1);
  expect(codes(after)).toEqual([]);
  await after.client.close();
});

test("S28 a key of the mesh that it has dropped meanwhile is fetched again", async () => {
  const device = await start(mesh, { sealed: true });
  const linkKeys = await sealing.linkKeys();
  sealing.linkKeys = async () => {
    // The next time as it is.
    sealing.linkKeys = FakeSealing.prototype.linkKeys;
    return linkKeys;
  };
  sealing.kids = [2];
  const registering = device.client.register();
  await reaches(device, "connected");
  await until(() => mesh.socket.frames.some(({ kind }) => kind === "register"), "the register");
  await settle();
  await mesh.clock.advance(10_000);
  await registering;
  expect(held().epoch).toBe(2);
  await device.client.close();
});

test("S28 without a network for the mesh's keys, register waits, and commands behind it keep their order", async () => {
  const device = await start(mesh, { sealed: true });
  const { linkKeys } = sealing;
  let failures = 3;
  sealing.linkKeys = async () => {
    if (failures-- > 0) throw new TypeError("fetch failed");
    return linkKeys.call(sealing);
  };
  const done = Promise.all([device.client.register(), device.client.subscribe("news")]);
  await reaches(device, "connected");
  let isDone = false;
  done.then(() => (isDone = true));
  while (!isDone) await mesh.clock.advance(100);
  expect(mesh.socket.frames.map(({ kind }) => kind)).toEqual(["register", "subscribe"]);
  await device.client.close();
});
