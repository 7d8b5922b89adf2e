/** Sealed frames over a real mesh, on each host: with a client that was written from the protocol alone. */
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type App, Mesh } from "../../chaos/mesh.ts";
import { SealedDevice } from "../support/sealed-device.ts";
import { signedSend } from "../support/signed-send.ts";

const SECRET = "one-time password 123456";
let mesh: Mesh;
let app: App;

beforeAll(async () => {
  mesh = await Mesh.start();
  app = await mesh.app("sealing");
});

afterAll(() => mesh.stop());

async function device(): Promise<SealedDevice> {
  const one = await SealedDevice.register(mesh.url, app.appId);
  onTestFinished(() => one.disconnect());
  expect(one.registration).toMatchObject({ epoch: 1 });
  expect(one.epoch.proves(one.registration)).toBe(true);
  return one;
}

/** Sends, and waits until the device has acknowledged it. */
const sendTo = (one: SealedDevice, data: string, prefer = "wait=20") =>
  signedSend(mesh.url, app, { to: one.registration.regId, data }, prefer);

/** Queues messages for a device that has no link. */
async function queueFor(one: SealedDevice, count: number): Promise<string[]> {
  const texts = Array.from({ length: count }, (_, n) => `${SECRET} ${n}`);
  for (const text of texts) {
    expect((await sendTo(one, text, "respond-async")).status).toBe("queued");
  }
  return texts;
}

/** Starts the mesh again with other keys. */
async function restartWith(change: (meshKeys: string) => string): Promise<void> {
  await mesh.halt();
  const file = join(mesh.folder, "secrets.json");
  const secrets = JSON.parse(readFileSync(file, "utf8")) as { meshKeys: string };
  writeFileSync(file, JSON.stringify({ ...secrets, meshKeys: change(secrets.meshKeys) }));
  await mesh.start();
}

const newKey = (kid: number): string => `${kid}:${randomBytes(32).toString("base64url")}`;

describe("a registration with a key", () => {
  test("S25 gets messages and broadcasts sealed, online and queued, and sends its commands sealed", async () => {
    const one = await device();
    const { slot } = one.registration;
    const sending = sendTo(one, SECRET);
    expect(await one.take()).toEqual([SECRET]);
    expect((await sending).status).toBe("delivered");
    one.say({ kind: "subscribe", value: { request: 2, slot, add: ["secret-tag"], remove: [] } });
    expect(await one.next()).toMatchObject({ kind: "done", value: { request: 2 } });
    await mesh.sender(app).broadcast({ to: { tag: "secret-tag" }, data: SECRET });
    const broadcast = await one.next();
    if (broadcast.kind !== "broadcasts") throw new Error(broadcast.kind);
    const [first] = broadcast.value.broadcasts;
    expect(Buffer.from(first?.data ?? []).toString()).toBe(SECRET);
    one.say({ kind: "describe", value: { request: 3, slot } });
    expect(await one.next()).toMatchObject({
      kind: "described",
      value: { request: 3, tags: ["secret-tag"] },
    });
    one.disconnect();
    const texts = await queueFor(one, 3);
    await one.connect();
    expect(await one.takeAll(3)).toEqual(texts);
    for (const body of one.wire) {
      for (const text of [SECRET, "secret-tag"])
        expect(Buffer.from(body).includes(text)).toBe(false);
    }
  });

  test("S27 no plain command changes it, nor does a setup that is not the app's read its mail", async () => {
    const one = await device();
    const { slot, regId } = one.registration;
    one.plain({ kind: "setAlias", value: { request: 2, slot, alias: "me", held: true } });
    expect(await one.next()).toMatchObject({
      kind: "refusal",
      value: { name: "sealing_required", request: 2 },
    });
    const theirs = await one.newEpoch(9);
    one.plain({ kind: "setKey", value: { request: 3, slot, setup: theirs.setup } });
    expect(await one.next()).toMatchObject({
      kind: "refusal",
      value: { name: "sealing_required", request: 3 },
    });
    // The app is open: another registration is all that whoever holds the link can have.
    one.plain({ kind: "register", value: theirs.register(4, app.appId) });
    const frame = await one.next();
    if (frame.kind !== "registered") throw new Error(frame.kind);
    expect(frame.value.registration.regId).not.toBe(regId);
    await expect(sendTo(one, SECRET, "respond-async")).rejects.toThrow("unregistered");
  });

  test("S26 S28 reads on after a kill and a lost answer, and no message is lost or doubled", async () => {
    const one = await device();
    one.disconnect();
    const texts = await queueFor(one, 2);
    for (const victim of mesh.victims.slice(0, 1)) await mesh.kill(victim);
    expect(await one.connect()).toMatchObject({ epoch: 1 });
    expect(await one.takeAll(2)).toEqual(texts);
    const sending = sendTo(one, "after");
    expect(await one.take()).toEqual(["after"]);
    expect((await sending).status).toBe("delivered");
    one.disconnect();
    const next = await one.newEpoch(2);
    const more = await queueFor(one, 2);
    await one.connect();
    one.say({
      kind: "setKey",
      value: { request: 5, slot: one.registration.slot, setup: next.setup },
    });
    // What was sent before its answer is sealed with the old key.
    const got: string[] = [];
    for (let frame = await one.next(); frame.kind !== "done"; frame = await one.next()) {
      if (frame.kind !== "deliver") throw new Error(frame.kind);
      for (const { data } of frame.value.messages) got.push(Buffer.from(data).toString());
    }
    expect(got).toEqual(more);
    one.epoch = next;
    one.disconnect();
    expect(await one.connect()).toMatchObject({ epoch: 2 });
    // They were not acknowledged.
    expect(await one.takeAll(2)).toEqual(more);
  });

  test("S28 keeps its key while mesh keys rotate in stages, and waits for another once its mesh key is dropped", async () => {
    const one = await device();
    one.disconnect();
    const fresh = newKey(77);
    const texts = await queueFor(one, 1);
    for (const change of [
      (keys: string) => `${fresh};accept,${keys}`,
      (keys: string) => keys.replace(";accept", ""),
    ]) {
      await restartWith(change);
      expect(await one.connect()).toMatchObject({ epoch: 1 });
      if (texts.length > 0) expect(await one.takeAll(1)).toEqual(texts.splice(0));
      const sending = sendTo(one, "rotated");
      expect(await one.take()).toEqual(["rotated"]);
      await sending;
      one.disconnect();
    }
    // Another key, which the mesh stores sealed with its newest one.
    await one.connect();
    const { slot } = one.registration;
    const next = await one.newEpoch(2);
    expect(next.setup.kid).toBe(77);
    one.say({ kind: "setKey", value: { request: 5, slot, setup: next.setup } });
    expect(await one.next()).toMatchObject({ kind: "done" });
    one.epoch = next;
    one.disconnect();
    const queued = await queueFor(one, 2);
    await restartWith((keys) => keys.replace(`${fresh},`, `${newKey(78)},`));
    expect(await one.connect()).not.toHaveProperty("epoch");
    one.plain({ kind: "setKey", value: { request: 6, slot, setup: next.setup } });
    expect(await one.next()).toMatchObject({
      kind: "refusal",
      value: { name: "link_key_unknown" },
    });
    one.epoch = await one.newEpoch(3);
    one.plain({ kind: "setKey", value: { request: 7, slot, setup: one.epoch.setup } });
    expect(await one.next()).toMatchObject({ kind: "done", value: { request: 7 } });
    expect(await one.takeAll(2)).toEqual(queued);
  });
});
