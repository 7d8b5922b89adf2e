/** The device SDK where the mesh's keys were changed: the registration is the same under another regId. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readSignOut } from "../../../sdk/device/client/registration.ts";
import { memoryStorage, type Storage } from "../../../sdk/device/mod.ts";
import { settle, until } from "./fake/clock.ts";
import { APP, FakeMesh, gate, start } from "./fake/mesh.ts";

/** The three regIds of one registration, oldest first, of the form of a mesh's: the first has the identity in its text. */
const IDENTITY = "ntity-01";
const FIRST = `AQ${IDENTITY}BBBB`;
const SECOND = "BxBBBBBBBBBBBB";
const THIRD = "CRCCCCCCCCCCCC";

let mesh = new FakeMesh();

beforeEach(() => {
  mesh = new FakeMesh();
});
afterEach(() => {
  expect(mesh.violations, "what the device did against the protocol").toEqual([]);
  expect(mesh.reported).toEqual([]);
});

/** What the mesh calls the registration from its next answer on; without an identity as a mesh of an older version does. */
function rename(regId: string, identity?: string): void {
  mesh.register(APP);
  const slot = mesh.registrations[0]?.slot ?? 0;
  const name = identity === undefined ? { regId } : { regId, identity };
  mesh.registrations[0] = { slot, appId: APP, ...name };
}

/** A start of the app on a storage, which listens; what it is shown and told. */
async function run(storage: Storage) {
  const { client } = await start(mesh, { storage });
  const told: [regId: string, isNew: boolean][] = [];
  const shown: unknown[] = [];
  client.onRegId((...event) => told.push(event));
  client.onMessage(({ data }) => {
    shown.push(data);
  });
  await client.register();
  await until(() => mesh.socket.attached.size === 1, "the attach");
  return { client, told, shown };
}

const message = () => mesh.message("once");

/** Whether a message and a broadcast that were shown by a start under `before` are shown again by one under `after`. */
async function rotated(before: () => void, after: () => void, between = async (_: Storage) => {}) {
  const storage = memoryStorage();
  before();
  const first = await run(storage);
  const one = message();
  const other = mesh.broadcast("broadcast");
  mesh.socket.deliver(one);
  mesh.socket.broadcast(other);
  await until(() => first.shown.length === 2, "the handler");
  await settle();
  await first.client.close();
  await between(storage);
  after();
  const again = await run(storage);
  mesh.socket.deliver(one, mesh.message("next"));
  mesh.socket.broadcast(other);
  await until(() => again.shown.includes("next"), "the next");
  await settle();
  await again.client.close();
  return { ...again, storage, cursors: mesh.socket.hello?.cursors?.length ?? 0 };
}

describe("another regId of the same registration", () => {
  it("P2.1 is told as such, and nothing is shown again", async () => {
    const { told, shown, cursors, client, storage } = await rotated(
      () => rename(FIRST, IDENTITY),
      () => rename(SECOND, IDENTITY),
    );
    expect(told).toEqual([[SECOND, false]]);
    expect(shown).toEqual(["next"]);
    expect(cursors).toBe(1);
    expect(client.regId).toBe(SECOND);
    rename(THIRD, IDENTITY);
    const third = await run(storage);
    expect(third.told).toEqual([[THIRD, false]]);
    expect(third.client.regId).toBe(THIRD);
    await third.client.close();
  });

  it("P2.1 is told as such to a client of a version before, and on a mesh of a version before, where the first key sealed its regId", async () => {
    const forget = (storage: Storage) => storage.delete(`app/${APP}/identity`);
    const rotations = [
      await rotated(
        () => rename(FIRST, IDENTITY),
        () => rename(SECOND, IDENTITY),
        forget,
      ),
      await rotated(
        () => rename(FIRST),
        () => rename(SECOND, IDENTITY),
      ),
    ];
    for (const { told, shown } of rotations) {
      expect(told).toEqual([[SECOND, false]]);
      expect(shown).toEqual(["next"]);
    }
  });

  it("P2.1 is told as such where a crash came between the writes of the one before", async () => {
    const { told, shown } = await rotated(
      () => rename(SECOND, IDENTITY),
      () => rename(THIRD, IDENTITY),
      (storage) => storage.set(`app/${APP}/identity`, `${THIRD} ${IDENTITY}`),
    );
    expect(told).toEqual([[THIRD, false]]);
    expect(shown).toEqual(["next"]);
  });

  it("is learnt where the regId is the same", async () => {
    const storage = memoryStorage();
    rename(SECOND);
    await (await run(storage)).client.close();
    rename(SECOND, IDENTITY);
    const upgraded = await run(storage);
    expect(upgraded.told).toEqual([]);
    await upgraded.client.close();
    rename(THIRD, IDENTITY);
    const { client, told } = await run(storage);
    expect(told).toEqual([[THIRD, false]]);
    await client.close();
  });

  it("lets a message be taken whose handler runs meanwhile", async () => {
    const storage = memoryStorage();
    rename(FIRST, IDENTITY);
    const { client } = await run(storage);
    const taken = gate();
    let shown = 0;
    client.onMessage(() => {
      shown++;
      return taken.opened;
    });
    const one = message();
    mesh.socket.deliver(one);
    await until(() => shown === 1, "the handler");
    rename(SECOND, IDENTITY);
    mesh.socket.end(1006);
    await mesh.clock.advance(2_000);
    const socket = await mesh.link(2);
    await until(() => client.regId === SECOND, "the regId");
    taken.open();
    await settle();
    socket.deliver(one);
    await until(() => socket.acks.length > 0, "the acknowledgement");
    expect(shown).toBe(1);
    await client.close();
  });

  it.each([
    ["", IDENTITY],
    [", of a version before", undefined],
  ])("P7.4 ends by an unregister from before%s, and is not told then", async (_, identity) => {
    const storage = memoryStorage();
    rename(FIRST, identity);
    const first = await run(storage);
    mesh.auto = false;
    mesh.socket.end(1006);
    first.client.unregister().catch(() => {});
    await settle();
    await first.client.close();
    rename(SECOND, IDENTITY);
    mesh.auto = true;
    const { client, regIds } = await start(mesh, { storage });
    await until(() => mesh.registrations.length === 0, "the end");
    await settle();
    expect(client.regId).toBeUndefined();
    expect(regIds).toEqual([]);
    expect(await storage.get(`app/${APP}/regId`)).toBeUndefined();
    expect(await storage.get(`app/${APP}/identity`)).toBeUndefined();
    expect(await readSignOut(storage, APP)).toBeUndefined();
    await client.close();
  });
});

describe("another registration", () => {
  it("P2.1 is told as such: by its identity, and by its regId where the mesh tells none", async () => {
    const changes = [
      await rotated(
        () => rename(FIRST, IDENTITY),
        () => rename(SECOND, "another1"),
      ),
      await rotated(
        () => rename(FIRST, IDENTITY),
        () => rename(SECOND),
      ),
      await rotated(
        () => rename(FIRST),
        () => rename(SECOND),
      ),
    ];
    for (const { told, shown } of changes) {
      expect(told).toEqual([[SECOND, true]]);
      expect(shown).toEqual(["once", "broadcast", "next"]);
    }
  });

  it("is told as such where a version of the SDK without identities has been here since", async () => {
    const { told } = await rotated(
      () => rename(FIRST, IDENTITY),
      // The one of THIRD, which that version was told; the one of FIRST never comes again.
      () => rename(SECOND, "ntity-03"),
      (storage) => storage.set(`app/${APP}/regId`, THIRD),
    );
    expect(told).toEqual([[SECOND, true]]);
  });

  it("P7.4 stays where another client of the storage has ended the one before it", async () => {
    const storage = memoryStorage();
    rename(FIRST, IDENTITY);
    const first = await run(storage);
    mesh.auto = false;
    mesh.socket.end(1006);
    first.client.unregister().catch(() => {});
    await settle();
    await first.client.close();
    const pending = (await readSignOut(storage, APP)) ?? "";
    await storage.set(`app/${APP}/ended`, pending);
    rename(SECOND, "another1");
    mesh.auto = true;
    const { client, regIds } = await start(mesh, { storage });
    await until(() => client.regId === SECOND, "the regId");
    await settle();
    expect(regIds).toEqual([SECOND]);
    expect(mesh.registrations).toHaveLength(1);
    await client.close();
  });
});
