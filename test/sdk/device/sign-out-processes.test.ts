/** `signOut` and `register` of several clients with a link each on one storage: what is registered after a sign-out stays. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { readSignOut } from "../../../sdk/device/client/registration.ts";
import { memoryStorage, type Storage } from "../../../sdk/device/mod.ts";
import { settle, until } from "./fake/clock.ts";
import { APP, type Device, FakeMesh, gate, listening, reaches, start } from "./fake/mesh.ts";

let mesh: FakeMesh;
let storage: Storage;

beforeEach(() => {
  mesh = new FakeMesh();
  storage = memoryStorage();
});

afterEach(() => {
  expect(mesh.violations).toEqual([]);
});

/** A client whose link another one has taken, and that signs out what there is. */
async function closedOne(): Promise<Device> {
  const closed = await listening(mesh, storage);
  await closed.client.close();
  return closed;
}

/** A client that has signed out without a network, and waits to say so. */
async function waitingOne() {
  const away = await listening(mesh, storage);
  mesh.auto = false;
  mesh.socket.end(1006);
  await away.client.signOut();
  await until(() => away.client.state === "waiting", "the lost link");
  mesh.auto = true;
  return away;
}

/** It has its link again, in place of the others. */
async function comesBack(away: Device): Promise<void> {
  mesh.socket.end(4200, "replaced");
  away.client.reconnectNow();
  await reaches(away, "connected");
  await mesh.clock.advance(50_000);
}

const regIds = (): readonly string[] => mesh.registrations.map(({ regId }) => regId);

test("S22 a register after the sign-out of a closed client gives another regId, which stays", async () => {
  const closed = await closedOne();
  const { client, regId } = await listening(mesh, storage);
  await closed.client.signOut();
  const registered = client.register();
  const subscribed = client.subscribe("news");
  const other = await registered;
  expect(other).not.toBe(regId);
  await subscribed;
  await mesh.clock.advance(50_000);
  expect(regIds()).toEqual([other]);
  expect(client.regId).toBe(other);
  const [{ slot } = { slot: -1 }] = mesh.registrations;
  expect([...mesh.held(slot).tags]).toEqual(["news"]);
  await client.close();
});

test("S22 a register that finds a sign-out, and is aborted, registers nothing, and what is to end ends", async () => {
  const closed = await closedOne();
  const { client } = await listening(mesh, storage);
  await closed.client.signOut();
  const abort = new AbortController();
  const registered = client.register({ signal: abort.signal });
  abort.abort(new Error("enough"));
  await expect(registered).rejects.toThrow("enough");
  await until(() => mesh.registrations.length === 0, "the end");
  await settle();
  expect(regIds()).toEqual([]);
  await client.close();
});

test("S22 a register that waited for its link resolves once the end before it is stored", async () => {
  const closed = await closedOne();
  const stored = gate();
  const own: Storage = {
    ...storage,
    set: async (key, value) => {
      if (key === `app/${APP}/ended`) await stored.opened;
      await storage.set(key, value);
    },
  };
  const { client, regId } = await listening(mesh, own);
  mesh.auto = false;
  mesh.socket.end(1006);
  await until(() => client.state === "waiting", "the lost link");
  let isDone = false;
  const registered = client.register().finally(() => {
    isDone = true;
  });
  await settle();
  await closed.client.signOut();
  mesh.auto = true;
  client.reconnectNow();
  await until(() => mesh.registrations.some((one) => one.regId !== regId), "the registration");
  await settle();
  // A kill now would end it at the next start.
  expect(await readSignOut(storage, APP)).toBeDefined();
  expect(isDone).toBe(false);
  stored.open();
  expect(regIds()).toEqual([await registered]);
  expect(await readSignOut(storage, APP)).toBeUndefined();
  await client.close();
});

test("S22 one that confirms a sign-out late takes back no later one", async () => {
  const away = await waitingOne();
  const { client } = await start(mesh, { storage });
  await client.register();
  await client.signOut();
  const regId = await client.register();
  await comesBack(away);
  expect(regIds()).toEqual([regId]);
  expect(await readSignOut(storage, APP)).toBeUndefined();
  await away.client.close();
});

test("S22 one whose sign-out a later one covers, which is over, asks for nothing", async () => {
  const closed = await closedOne();
  const away = await waitingOne();
  await closed.client.signOut();
  const { client } = await start(mesh, { storage });
  const regId = await client.register();
  await comesBack(away);
  expect(regIds()).toEqual([regId]);
  await away.client.close();
});
