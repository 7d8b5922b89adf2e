/** A mesh in the middle of a deploy: its edges give keys, while its objects are still of a version that takes none. */
import { expect, test } from "vitest";
import { settle, until } from "../fake/clock.ts";
import { start } from "../fake/mesh.ts";
import { codes, held, mesh, relink, sealing, useSealedMesh } from "./support.ts";

useSealedMesh();

async function registering() {
  sealing.takesSetups = false;
  const device = await start(mesh, { sealed: true });
  let end = "";
  const registered = device.client.register().then(
    (regId) => {
      end = regId;
    },
    (error) => {
      end = error.code;
    },
  );
  const frames = () => mesh.sockets.flatMap((socket) => socket.frames);
  const asked = () => frames().filter(({ kind }) => kind === "register").length;
  await until(() => asked() === 1, "the first attempt");
  await settle();
  /** Lets the time of the next wait pass, and hardly more: keys are made in real time. */
  let seen = 1;
  const nextAttempt = async (waitMs: number) => {
    const most = waitMs * (1 + mesh.host.random()) + 500;
    // The wait may have begun while the last step passed, or begins only now.
    const isWait = (ms: number) => ms > waitMs - 500 && ms < most;
    await until(() => mesh.clock.pending.some(isWait), `a wait of ${waitMs} ms`);
    let passed = 0;
    for (; passed < most && asked() === seen; passed += 500) {
      await mesh.clock.advance(500);
      await settle();
    }
    expect(passed).toBeGreaterThanOrEqual(waitMs);
    await until(() => asked() > seen, `an attempt after ${waitMs} ms`);
    await settle();
    seen = asked();
  };
  return { ...device, registered, asked, nextAttempt, end: () => end };
}

test("S27 register waits for the end of the deploy, asking less and less often, and is then sealed", async () => {
  const device = await registering();
  for (const waitMs of [1_000, 2_000, 4_000]) await device.nextAttempt(waitMs);
  expect(device.end()).toBe("");
  expect(device.client.regId).toBeUndefined();
  sealing.takesSetups = true;
  await device.nextAttempt(8_000);
  await device.registered;
  expect(device.asked()).toBe(5);
  expect(device.end()).toBe(held().regId);
  expect(device.client.regId).toBe(held().regId);
  expect(device.regIds).toEqual([held().regId]);
  expect(held().epoch).toBeGreaterThan(0);
  expect(codes(device)).toEqual(["sealed_invalid"]);
  await device.client.close();
});

test("S27 register of a mesh that stays so fails, and may be called later", async () => {
  const device = await registering();
  for (const waitMs of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000])
    await device.nextAttempt(waitMs);
  await device.registered;
  expect(device.end()).toBe("sealed_invalid");
  expect(device.asked()).toBe(7);
  expect(device.client.regId).toBeUndefined();
  sealing.takesSetups = true;
  await relink();
  await until(() => device.client.regId, "the key of the next link");
  expect(await device.client.register()).toBe(held().regId);
  await device.client.close();
});

test("S27 a client that is closed meanwhile asks no more", async () => {
  const device = await registering();
  await device.nextAttempt(1_000);
  await device.client.close();
  await device.registered;
  expect(device.end()).toBe("client_closed");
  await mesh.clock.advance(60_000);
  await settle();
  expect(device.asked()).toBe(2);
  expect(mesh.reported).toEqual([]);
});

test.each([
  ["signs out", "signOut"],
  ["unregisters", "unregister"],
] as const)("S22 S27 who %s while register waits is not registered by it", async (_, end) => {
  const device = await registering();
  await device.nextAttempt(1_000);
  const ended = device.client[end]();
  await settle();
  sealing.takesSetups = true;
  // The wait that is under way ends, and asks no more.
  for (let passed = 0; passed < 140_000; passed += 500) {
    await mesh.clock.advance(500);
    await settle();
  }
  await ended;
  await device.registered;
  expect(device.asked()).toBe(2);
  expect(device.end()).toBe("sealed_invalid");
  expect(device.client.regId).toBeUndefined();
  expect(() => held()).toThrow();
  // The next user registers.
  const next = await device.client.register();
  expect(held().regId).toBe(next);
  await device.client.close();
});

test("S27 a register that was cancelled while it waits registers nothing later", async () => {
  sealing.takesSetups = false;
  const device = await start(mesh, { sealed: true });
  const controller = new AbortController();
  const registered = device.client.register({ signal: controller.signal });
  const frames = () => mesh.sockets.flatMap((socket) => socket.frames);
  const asked = () => frames().filter(({ kind }) => kind === "register").length;
  await until(() => asked() === 1, "the first attempt");
  await settle();
  controller.abort(new Error("no longer"));
  await expect(registered).rejects.toThrow("no longer");
  sealing.takesSetups = true;
  for (let passed = 0; passed < 140_000; passed += 500) {
    await mesh.clock.advance(500);
    await settle();
  }
  expect(asked()).toBe(1);
  expect(device.regIds).toEqual([]);
  await device.client.close();
});
