/** How a registration gets a key, another, and what happens without the one it had. */
import { describe, expect, test } from "vitest";
import { publicLinkKeys } from "../../../../core/identity/link-keys.ts";
import { readDevice, writeDevice } from "../../../../core/move/device.ts";
import type { DevicePart } from "../../../../schema/export.ts";
import type { Register } from "../../../../schema/generated/link.ts";
import { masterText, oneKey, otherMesh, ring, rotated } from "../../identity/fixtures.ts";
import { OPEN } from "../support/open-app.ts";
import { DEVICE_NAME, type Rig } from "../support/rig.ts";
import { Epoch } from "../support/sealing-app.ts";
import {
  APP_ID,
  done,
  GRANTED,
  onlySealed,
  refusal,
  register,
  registered,
  SealedRig,
  setKey,
} from "./rig.ts";

/** The mesh's process starts with other keys, and the device comes back. */
function restartedWith(rig: SealedRig, keyring: typeof oneKey) {
  rig.keyring = keyring;
  rig.now += 100;
  rig.restart();
  return rig.link([1]);
}

describe("a setup", () => {
  test("S25 S27 with Register says its epoch, and takes its grant sealed", () => {
    const rig = new SealedRig();
    rig.openAccount();
    rig.link();
    const { asked, frames } = register(rig, rig.epoch.register(1, APP_ID, "a.b.c"), GRANTED);
    expect(asked).toMatchObject({ grant: "a.b.c", regId: null });
    const told = registered(frames);
    expect(told).toMatchObject({ slot: 1, epoch: 1 });
    expect(rig.epoch.proves(told)).toBe(true);
    expect(rig.epoch.proves({ ...told, regId: "reg-a-2" })).toBe(false);
    expect(rig.epoch.proves({ ...told, identity: "a-2" })).toBe(false);
    expect(rig.newEpoch(1).proves(told)).toBe(false);
    // It is in the row that a registration costs anyway.
    expect(rig.store.written.registrations).toBe(1);
    const stored = JSON.stringify(rig.store.listRegistrations());
    expect(stored).toMatch(/"sealing":\{"epoch":1,"secret":"[\w-]{66}"\}/);
  });

  test("S27 S28 that is repeated, because its answer was lost, changes nothing", () => {
    const rig = SealedRig.sealed();
    const { regId } = rig.place;
    const rows = rig.store.rowsWritten;
    rig.lose();
    const [held] = rig.link();
    expect(held).toMatchObject({ regId, epoch: 1 });
    expect(held && rig.epoch.proves(held)).toBe(true);
    const before = rig.store.rowsWritten;
    expect(registered(register(rig, rig.epoch.register(2, APP_ID)).frames)).toMatchObject({
      ...{ regId, epoch: 1 },
    });
    expect(rig.store.rowsWritten).toBe(before);
    expect(rig.store.rowsWritten).toBeGreaterThan(rows);
    expect(rig.say(setKey(rig.epoch))).toMatchObject([done]);
    expect(rig.store.rowsWritten).toBe(before);
  });

  test("S27 of a service ends a registration of an open app at most, and opens nothing sent to it", () => {
    const rig = SealedRig.sealed();
    rig.queue({ key: "before" });
    const before = onlySealed(rig.takeSealed());
    const theirs = rig.newEpoch(5);
    const answer = register(rig, theirs.register(2, APP_ID));
    expect(answer.asked).toMatchObject({ regId: null, grant: null, held: null });
    const next = registered(answer.frames);
    expect(next.regId).not.toBe(rig.place.regId);
    expect(next.identity).not.toBe(rig.place.identity);
    expect(theirs.openAny(rig.place, before)).toBeNull();
    // Servers that know the old regId reach nobody, and are told so.
    expect(rig.send({ generation: 1 })).toMatchObject({ code: "unregistered" });
  });

  test.each([
    ["without a grant", undefined],
    ["with a grant that it has seen", "old.plain.grant"],
  ])("S27 of a service %s is decided as if the app was not registered", (_, grant) => {
    const rig = SealedRig.sealed();
    const before = rig.store.listRegistrations();
    const value = { ...rig.newEpoch(5).register(2, APP_ID), ...(grant ? { grant } : {}) };
    const { asked, frames } = register(rig, value, "grant_required");
    expect(asked).toMatchObject({ regId: null, held: null, grant: grant ?? null });
    expect(frames).toMatchObject([refusal("grant_required", 2)]);
    expect(rig.store.listRegistrations()).toEqual(before);
    rig.sendAndWait();
    expect(rig.takeMessages().length).toBe(1);
  });

  test("S27 of a service, about which the app's object is asked before the app sets up its own, takes nothing over", () => {
    const rig = new SealedRig();
    rig.openAccount();
    rig.link();
    register(rig, { request: 1, appId: APP_ID, grant: "a.b.c" }, GRANTED);
    rig.keepsAppCalls = true;
    rig.command({ kind: "register", value: rig.newEpoch(5).register(2, APP_ID) });
    rig.command(setKey(rig.epoch));
    const call = rig.calls.find(({ kind }) => kind === "app");
    rig.run((context) =>
      rig.device.onCallResult(call?.token ?? 0, { ok: true, answer: GRANTED }, context),
    );
    expect(rig.take()).toMatchObject([done, refusal("overloaded", 2)]);
    expect(rig.link()).toMatchObject([{ regId: "reg-a-1", epoch: 1 }]);
  });

  test("S27 without which a Register carries a plain grant is refused; with neither it changes nothing", () => {
    const rig = SealedRig.sealed();
    const rows = rig.store.rowsWritten;
    const { asked, frames } = register(rig, { request: 2, appId: APP_ID, grant: "a.b.c" });
    expect(asked).toBeNull();
    expect(frames).toMatchObject([refusal("sealing_required", 2)]);
    const same = registered(register(rig, { request: 3, appId: APP_ID }).frames);
    expect(same).toMatchObject({ regId: rig.place.regId, epoch: 1 });
    expect(rig.store.rowsWritten).toBe(rows);
  });

  test("S27 that is none is refused, and nothing is asked or stored", () => {
    const rig = new SealedRig();
    rig.openAccount();
    rig.link();
    const good = rig.epoch.register(1, APP_ID, "a.b.c");
    const { setup, ...bare } = good;
    if (setup === undefined) throw new Error("no setup");
    const otherApp = new Epoch("app-b", publicLinkKeys(oneKey)[0] ?? never(), 1);
    const otherKey = new Epoch(APP_ID, publicLinkKeys(otherMesh)[0] ?? never(), 1);
    const cases: [Register, string][] = [
      [{ ...good, setup: { ...setup, kid: 8 } }, "link_key_unknown"],
      [{ ...good, setup: { ...setup, kid: -1 } }, "link_key_unknown"],
      [{ ...good, setup: { ...setup, epoch: 0 } }, "setup_invalid"],
      [{ ...good, setup: { ...setup, epoch: -1 } }, "setup_invalid"],
      [{ ...good, setup: { ...setup, enc: new Uint8Array(31) } }, "setup_invalid"],
      [{ ...good, setup: { ...setup, enc: new Uint8Array(32) } }, "setup_invalid"],
      [{ ...good, sealedGrant: new Uint8Array(20) }, "setup_invalid"],
      [bare, "setup_invalid"],
      [otherApp.register(1, APP_ID, "a.b.c"), "setup_invalid"],
      [otherKey.register(1, APP_ID, "a.b.c"), "setup_invalid"],
    ];
    for (const [value, name] of cases) {
      const { asked, frames } = register(rig, value);
      expect(frames).toMatchObject([refusal(name, 1)]);
      expect(asked).toBeNull();
    }
    expect(rig.store.exists).toBe(false);
  });

  test("S28 of a registration from before is taken plain, for one row", () => {
    const rig = new SealedRig();
    rig.openAccount();
    rig.link();
    rig.register("a");
    rig.command({ kind: "attach", value: { slot: 1 } });
    rig.answerCalls();
    rig.take();
    expect(rig.rows(() => rig.command(setKey(rig.epoch)))).toBe(1);
    expect(rig.take()).toMatchObject([done]);
    rig.place = { slot: 1, appId: APP_ID, regId: "", identity: "a-1" };
    rig.sendAndWait();
    expect(rig.takeMessages().length).toBe(1);
  });
});

function never(): never {
  throw new Error("no key");
}

describe("another key", () => {
  test("S28 comes sealed with the present one, and counts from its answer on", () => {
    const rig = SealedRig.sealed();
    rig.sendAndWait({ key: "old" });
    const old = onlySealed(rig.takeSealed());
    const next = rig.newEpoch(2);
    rig.command(setKey(next));
    expect(rig.take()).toMatchObject([refusal("sealing_required")]);
    const inFlight = rig.seal({ kind: "describe", value: { request: 9, slot: 1 } });
    expect(rig.rows(() => rig.command(rig.seal(setKey(next))))).toBe(1);
    rig.sendAndWait({ key: "new" });
    const [answer, sealed] = rig.takeSealed();
    expect(answer).toMatchObject(done);
    if (sealed?.kind !== "sealed") throw new Error("not sealed");
    expect(sealed.value.epoch).toBe(2);
    expect(rig.epoch.openAny(rig.place, sealed.value)).toBeNull();
    // What was on the way is sealed again by the device.
    rig.command(inFlight);
    expect(rig.take()).toMatchObject([refusal("sealed_invalid", 9)]);
    rig.epoch = next;
    expect(rig.epoch.open(rig.place, sealed.value)).toMatchObject({ kind: "deliver" });
    expect(sealed.value.number).toBeGreaterThan(old.number);
    expect(rig.say({ kind: "describe", value: { request: 9, slot: 1 } })).toMatchObject([
      { kind: "described" },
    ]);
    for (const epoch of [1, 2]) {
      expect(rig.say(setKey(rig.newEpoch(epoch)))).toMatchObject([refusal("setup_invalid")]);
    }
  });

  test("S28 queued mail is neither lost nor doubled, with the answer lost or not", () => {
    const rig = SealedRig.sealed();
    rig.command({ kind: "detach", value: { slot: 1 } });
    const keys = ["k1", "k2", "k3"];
    for (const key of keys) rig.queue({ key });
    const next = rig.newEpoch(2);
    rig.command(rig.seal(setKey(next)));
    rig.lose();
    rig.epoch = next;
    const [held] = rig.link([1]);
    expect(held?.epoch).toBe(2);
    const got = rig.takeAndAck();
    expect(got.map(({ key }) => Buffer.from(key).toString().slice(0, 2))).toEqual(keys);
    expect(rig.dropped).toEqual([]);
    expect(rig.store.listMail()).toEqual([]);
  });

  test("S28 mesh keys rotate in stages, and a key that was sealed with the old one opens until that is dropped", () => {
    const rig = SealedRig.sealed();
    const accepting = ring(`8:${masterText(50)};accept,7:${masterText(1)}`);
    for (const keyring of [accepting, rotated]) {
      expect(restartedWith(rig, keyring)).toMatchObject([{ epoch: 1 }]);
      rig.take();
      rig.sendAndWait();
      expect(rig.takeAndAck().length).toBe(1);
    }
    // Any write of the row seals it with the newest key.
    const before = secretOf(rig);
    register(rig, { request: 2, appId: APP_ID }, { ...OPEN, trustVersion: 9 });
    expect(secretOf(rig)).not.toBe(before);
    const dropped = ring(`8:${masterText(50)},6:${masterText(2)}`);
    expect(restartedWith(rig, dropped)).toMatchObject([{ epoch: 1 }]);
    rig.take();
    rig.sendAndWait();
    expect(rig.takeAndAck().length).toBe(1);
    expect(rig.dropped).toEqual([]);
  });
});

const secretOf = (rig: Rig) => rig.store.listRegistrations()[0]?.sealing?.secret;

describe("without the key that it had", () => {
  const lost = ring(`9:${masterText(80)},6:${masterText(2)}`);

  test("S27 S28 nothing is delivered plain, and its mail waits until it has set up another", () => {
    const rig = SealedRig.sealed();
    rig.lose();
    rig.queue({ key: "k1" });
    const [held] = restartedWith(rig, lost);
    expect(held).not.toHaveProperty("epoch");
    expect(rig.take()).toEqual([]);
    // No way to it but the setup.
    rig.command({ kind: "attach", value: { slot: 1 } });
    rig.command({ kind: "describe", value: { request: 7, slot: 1 } });
    rig.command(rig.seal({ kind: "describe", value: { request: 8, slot: 1 } }));
    expect(rig.take()).toMatchObject([
      { kind: "refusal", value: { name: "sealing_required" } },
      refusal("sealing_required"),
      refusal("sealed_invalid", 8),
    ]);
    // As to an app that is away.
    expect(rig.send({ key: "k2", waitMs: 0 })).toMatchObject({ status: "queued" });
    expect(rig.takeSealed()).toEqual([]);
    rig.hibernate();
    expect(rig.send({ key: "k3", waitMs: 0 })).toMatchObject({ status: "queued" });
    expect(rig.takeSealed()).toEqual([]);
    rig.epoch = rig.newEpoch(2);
    rig.command(setKey(rig.epoch));
    rig.answerCalls();
    const [answer, ...frames] = rig.takeSealed();
    expect(answer).toMatchObject(done);
    expect(frames.map(({ kind }) => kind)).toEqual(["sealed"]);
    rig.held = frames;
    const got = rig.takeAndAck();
    expect(got.map(({ key }) => Buffer.from(key).toString().slice(0, 2))).toEqual([
      ...["k1", "k2", "k3"],
    ]);
  });

  test("S28 Register with a setup is as good, and its answer comes before the mail", () => {
    const rig = SealedRig.sealed();
    rig.lose();
    rig.queue({ key: "k1" });
    restartedWith(rig, lost);
    rig.epoch = rig.newEpoch(1);
    const { asked, frames } = register(rig, rig.epoch.register(2, APP_ID));
    expect(asked).toMatchObject({ regId: rig.place.regId });
    expect(frames.map(({ kind }) => kind)).toEqual(["registered", "deliver"]);
  });

  test("S28 M1 an export has no secret, and an imported registration waits for another setup", () => {
    const rig = SealedRig.sealed();
    rig.lose();
    rig.queue({ key: "k1" });
    const parts: DevicePart[] = [...readDevice(DEVICE_NAME, rig.store)];
    expect(parts.find(({ kind }) => kind === "registration")).toMatchObject({ sealingEpoch: 1 });
    expect(JSON.stringify(parts)).not.toContain(secretOf(rig));
    const moved = new SealedRig();
    writeDevice(moved.store, parts);
    // Its tokens were used.
    moved.now += 300_000;
    moved.restart();
    const [held] = moved.link([1]);
    expect(held).toMatchObject({ regId: rig.place.regId });
    expect(held).not.toHaveProperty("epoch");
    expect(moved.take()).toEqual([]);
    moved.place = rig.place;
    moved.epoch = moved.newEpoch(2);
    moved.command(setKey(moved.epoch));
    expect(moved.take().map(({ kind }) => kind)).toEqual(["done", "deliver"]);
  });

  test("S21 S28 a registration that ends takes its key with it", () => {
    const rig = SealedRig.sealed();
    rig.say({ kind: "unregister", value: { request: 3, slot: 1 } });
    expect(rig.store.listRegistrations()[0]).not.toHaveProperty("sealing");
    expect(registered(register(rig, { request: 4, appId: APP_ID }).frames)).not.toHaveProperty(
      "epoch",
    );
    rig.command({ kind: "attach", value: { slot: 1 } });
    rig.sendAndWait();
    expect(rig.takeSealed().map(({ kind }) => kind)).toEqual(["deliver"]);
  });
});
