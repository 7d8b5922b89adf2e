/** `signOut`: what this client, its later starts, and other clients of its storage do. The model is `sign-out-model.test.ts`. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { readSignOut } from "../../../sdk/device/client/registration.ts";
import { type LinkStateName, memoryStorage, type Storage } from "../../../sdk/device/mod.ts";
import { settle, until } from "./fake/clock.ts";
import { APP, FakeMesh, gate, listening, reaches, start, turningStorage } from "./fake/mesh.ts";

let mesh: FakeMesh;

beforeEach(() => {
  mesh = new FakeMesh();
});

afterEach(() => {
  expect(mesh.violations).toEqual([]);
});

const kindsOn = (n: number): string[] => mesh.sockets[n - 1]?.frames.map(({ kind }) => kind) ?? [];

/** The link is lost, and none opens until `back`. */
function loseNetwork(): { back(): Promise<void> } {
  mesh.auto = false;
  mesh.socket.end(1006);
  return {
    back: async () => {
      mesh.auto = true;
      mesh.online?.();
      await settle();
    },
  };
}

test("S22 without a network it resolves once it is stored; a register that follows at once gets another regId, after the end", async () => {
  const storage = turningStorage();
  const { client, regId, regIds } = await listening(mesh, storage);
  const network = loseNetwork();
  const out = client.signOut();
  const registered = client.register();
  expect(client.regId).toBeUndefined();
  await out;
  expect(await readSignOut(storage, APP)).toBeDefined();
  expect(await storage.get(`app/${APP}/regId`)).toBeUndefined();
  await until(() => client.state === "waiting", "the lost link");
  await network.back();
  const other = await registered;
  expect(other).not.toBe(regId);
  expect(mesh.socket.hello?.attach).toEqual([]);
  await until(() => mesh.socket.attached.size === 1, "the attach");
  expect(kindsOn(2)).toEqual(["unregister", "register", "attach"]);
  expect(mesh.registrations.map(({ regId }) => regId)).toEqual([other]);
  expect(regIds).toEqual([regId, other]);
  await client.close();
});

test("S22 a message that arrives after the call is not shown, and not acknowledged", async () => {
  const { client, got } = await listening(mesh);
  mesh.auto = false;
  const out = client.signOut();
  mesh.socket.deliver(mesh.message("for the user who left"));
  await out;
  await settle();
  expect(got).toEqual([]);
  expect(mesh.socket.acks).toEqual([]);
  await client.close();
});

test("S22 twice, before and after a register without a network, it ends what that register gave, too", async () => {
  const { client } = await listening(mesh);
  const network = loseNetwork();
  await client.signOut();
  const registered = client.register();
  await client.signOut();
  await until(() => client.state === "waiting", "the lost link");
  await network.back();
  await registered;
  await until(() => mesh.registrations.length === 0, "the end of both");
  expect(kindsOn(2)).toEqual(["unregister", "register", "unregister"]);
  expect(client.regId).toBeUndefined();
  await client.close();
});

test("P7.4 an unregister after an unanswered unregister and register ends what that register gave", async () => {
  const { client } = await listening(mesh);
  const network = loseNetwork();
  const calls = [client.unregister(), client.register(), client.unregister()];
  await until(() => client.state === "waiting", "the lost link");
  await network.back();
  await Promise.all(calls);
  expect(mesh.registrations).toEqual([]);
  expect(client.regId).toBeUndefined();
  await client.close();
});

test("S22 before the regId of an unanswered register arrived, it ends what the mesh made of it, also after a kill", async () => {
  const storage = turningStorage();
  const first = await start(mesh, { storage });
  await reaches(first, "connected");
  mesh.auto = false;
  first.client.register().catch(() => {});
  await until(() => mesh.socket.frames.length === 1, "the command");
  await first.client.signOut();
  // The mesh carried it out; nothing of it reached the device.
  const { regId } = mesh.register(APP);
  mesh.socket.end(1006);
  mesh.auto = true;
  const second = await start(mesh, { storage });
  second.client.onMessage(() => {});
  const other = await second.client.register();
  expect(other).not.toBe(regId);
  expect(mesh.registrations.map(({ regId }) => regId)).toEqual([other]);
  await settle();
  expect(await readSignOut(storage, APP)).toBeUndefined();
  await second.client.close();
});

test("S22 it rejects if the storage fails, and this process ends the registration all the same", async () => {
  const inner = memoryStorage();
  let fails = false;
  const set = (key: string, value: Parameters<typeof inner.set>[1]) =>
    fails ? Promise.reject(new Error("full")) : inner.set(key, value);
  const { client } = await listening(mesh, { ...inner, set });
  const network = loseNetwork();
  fails = true;
  await expect(client.signOut()).rejects.toMatchObject({ code: "storage_failed" });
  await until(() => client.state === "waiting", "the lost link");
  await network.back();
  await until(() => mesh.registrations.length === 0, "the end");
  await client.close();
});

/** Two tabs with a link each on one storage: the mesh has replaced the first. @param own the storage as the second has it */
async function twoTabs(storage = memoryStorage(), own = storage) {
  const first = await listening(mesh, storage);
  const older = mesh.socket;
  const second = await start(mesh, { storage: own });
  const shown: unknown[] = [];
  second.client.onMessage(({ data }) => {
    shown.push(data);
  });
  await reaches(second, "connected");
  older.end(4200, "replaced");
  await until(() => mesh.socket.attached.size === 1, "the attach");
  expect([first.client.state, second.client.state]).toEqual<LinkStateName[]>([
    "closed",
    "connected",
  ]);
  return { storage, first, second, shown };
}

test("S22 a tab that was replaced signs out the tab with the link: before its next message", async () => {
  const { storage, first, second, shown } = await twoTabs();
  await first.client.signOut();
  const [{ slot } = { slot: -1 }] = mesh.registrations;
  mesh.socket.deliver(mesh.message("for the user who left", { slot }));
  await until(() => mesh.registrations.length === 0, "the end");
  await settle();
  expect(shown).toEqual([]);
  expect(mesh.socket.acks).toEqual([]);
  expect(second.client.regId).toBeUndefined();
  expect(await readSignOut(storage, APP)).toBeUndefined();
  await second.client.close();
});

test.each(["regId", "identity", "ended"])(
  "S22 a tab that was replaced signs out what the tab with the link has registered since, while that stores its %s",
  async (late) => {
    const inner = memoryStorage();
    const stored = gate();
    let isLate = false;
    const own: Storage = {
      ...inner,
      set: async (key, value) => {
        if (isLate && key === `app/${APP}/${late}`) await stored.opened;
        await inner.set(key, value);
      },
    };
    const { first, second, storage } = await twoTabs(inner, own);
    await second.client.signOut();
    isLate = late === "ended";
    const registered = second.client.register();
    if (late !== "ended") {
      await until(() => mesh.registrations.length === 0, "the end");
      isLate = true;
      await registered;
    }
    await settle();
    await first.client.signOut();
    stored.open();
    const regId = await registered;
    await mesh.clock.advance(50_000);
    await until(() => mesh.registrations.length === 0, "the end of what followed");
    expect(second.client.regId).toBeUndefined();
    expect(second.regIds).toContain(regId);
    await until(async () => !(await readSignOut(storage, APP)), "the confirmation");
    expect(await second.client.register()).not.toBe(regId);
    await mesh.clock.advance(50_000);
    expect(mesh.registrations).toHaveLength(1);
    await second.client.close();
  },
);

test("S22 a tab that comes back does not end what another has registered after it signed out", async () => {
  const storage = memoryStorage();
  const away = await listening(mesh, storage);
  loseNetwork();
  await away.client.signOut();
  await until(() => away.client.state === "waiting", "the lost link");
  mesh.auto = true;
  const other = await start(mesh, { storage });
  const regId = await other.client.register();
  await settle();
  mesh.socket.end(4200, "replaced");
  away.client.reconnectNow();
  await reaches(away, "connected");
  await until(() => away.client.regId === regId, "the registration");
  await mesh.clock.advance(50_000);
  expect(mesh.registrations.map(({ regId }) => regId)).toEqual([regId]);
  await away.client.close();
});

test("S22 or at its next heartbeat", async () => {
  const { first, second } = await twoTabs();
  await first.client.signOut();
  await mesh.clock.advance(50_000);
  await until(() => mesh.registrations.length === 0, "the end");
  expect(second.client.regId).toBeUndefined();
  await second.client.close();
});

test("S22 or at its next link, which attaches nothing", async () => {
  const { first, second } = await twoTabs();
  const network = loseNetwork();
  await first.client.signOut();
  await until(() => second.client.state === "waiting", "the lost link");
  await network.back();
  await until(() => mesh.registrations.length === 0, "the end");
  expect(mesh.socket.hello?.attach).toEqual([]);
  expect(kindsOn(3)).toEqual(["unregister"]);
  await second.client.close();
});

test("S22 a tab that was away meanwhile does not register again by itself", async () => {
  const storage = memoryStorage();
  const away = await listening(mesh, storage);
  mesh.auto = false;
  mesh.socket.end(1006);
  await until(() => away.client.state === "waiting", "the lost link");
  mesh.auto = true;
  const other = await start(mesh, { storage });
  await reaches(other, "connected");
  await other.client.signOut();
  await until(() => mesh.registrations.length === 0, "the end");
  await other.client.close();
  away.client.reconnectNow();
  await reaches(away, "connected");
  await settle();
  expect(mesh.registrations).toEqual([]);
  expect(away.client.regId).toBeUndefined();
  expect(away.regIds).toHaveLength(1);
  await away.client.close();
});
