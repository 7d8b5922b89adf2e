/** Registrations that the app's server removes, and bans. */
import { describe, expect, test } from "vitest";
import { SEQ_EPOCH_MS } from "../../../core/message/clock.ts";
import type { Welcome } from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { Rig } from "./support/rig.ts";

const HOUR_MS = 3_600_000;

function remove(
  rig: Rig,
  { app = "a", bannedUntil = null as number | null, generation = rig.generationOf(app) } = {},
) {
  return rig.run((context) => rig.device.remove({ app, generation, bannedUntil }, context));
}

const ban = (rig: Rig, ms = HOUR_MS) => remove(rig, { bannedUntil: rig.now + ms });

function register(rig: Rig, app = "a") {
  rig.command({ kind: "register", value: { request: 3, appId: `app-${app}` } });
  return rig.take().at(-1);
}

function welcomeIn(rig: Rig): Welcome {
  const [frame] = rig.take();
  if (frame?.kind !== "welcome") throw new Error("no welcome");
  return frame.value;
}

describe("S15 a registration that the app's server removes", () => {
  test("S15 has ended when it is answered: its mail ends, a send is refused, its tags and aliases let it go", () => {
    const rig = Rig.offline();
    rig.answerCalls();
    const { seq } = rig.queue({ key: "waits" });
    const generation = rig.generationOf("a");
    expect(remove(rig)).toEqual({ ok: true, removed: true, bannedUntil: null });
    expect(rig.send({ generation })).toEqual({ ok: false, code: "unregistered" });
    expect(rig.statusOf("waits", seq)).toBe("unregistered");
    expect(rig.store.mail.size).toBe(0);
    expect(rig.calls.map(({ call }) => call.method)).toEqual(["leave"]);
  });

  test("S15 has ended also after a kill, which calls its tags and aliases again", () => {
    const rig = Rig.offline();
    rig.answerCalls();
    const generation = rig.generationOf("a");
    remove(rig);
    const alarmAt = rig.device.lastingDeadline;
    rig.restart();
    expect(rig.send({ generation })).toEqual({ ok: false, code: "unregistered" });
    rig.now = alarmAt ?? 0;
    rig.alarm();
    expect(rig.answerCalls().map(({ call }) => call.method)).toEqual(["leave"]);
    expect(rig.store.tags.size).toBe(0);
  });

  test("S15 a repeat changes nothing and writes nothing, and never ends a later registration", () => {
    const rig = Rig.registered();
    rig.answerCalls();
    const generation = rig.generationOf("a");
    remove(rig);
    rig.answerCalls();
    const again = { ok: true, removed: false, bannedUntil: null };
    expect(rig.rows(() => expect(remove(rig, { generation })).toEqual(again))).toBe(0);
    rig.register("a");
    expect(rig.rows(() => expect(remove(rig, { generation })).toEqual(again))).toBe(0);
    expect(rig.queue()).toMatchObject({ status: "queued" });
  });

  test("S15 costs one row more than an unregister, and so does a register after it", () => {
    const byServer = Rig.registered();
    const byDevice = Rig.registered();
    for (const rig of [byServer, byDevice]) rig.answerCalls();
    const unregister = { kind: "unregister", value: { request: 9, slot: 1 } } as const;
    const ended = byDevice.rows(() => byDevice.command(unregister));
    expect(byServer.rows(() => remove(byServer))).toBe(ended + 1);
    for (const rig of [byServer, byDevice]) rig.answerCalls();
    const registered = byDevice.rows(() => register(byDevice));
    expect(byServer.rows(() => register(byServer))).toBe(registered + 1);
  });

  test("S15 of a device that stored nothing: there is nothing to remove, and nothing that keeps a ban", () => {
    const rig = new Rig();
    expect(remove(rig, { generation: 1 })).toEqual({ ok: true, removed: false, bannedUntil: null });
    expect(ban(rig)).toEqual({ ok: false, code: "unregistered" });
    expect(rig.store.rowsWritten).toBe(0);
  });

  test("S15 other apps of the device stay", () => {
    const rig = Rig.online();
    rig.register("b");
    remove(rig);
    expect(rig.queue({ app: "b" })).toMatchObject({ status: "queued" });
  });
});

describe("S16 a removed device is told", () => {
  const removed = { appId: "app-a", slot: 1, code: 230, name: "removed" };

  test("S16 at once if it is linked, and its messages on the socket end", () => {
    const rig = Rig.online();
    const token = rig.sendAndWait();
    rig.take();
    remove(rig);
    expect(rig.take()).toMatchObject([{ kind: "removed", value: removed }]);
    expect(rig.answers.get(token)).toMatchObject({ status: "unregistered" });
  });

  test("S16 otherwise by the next Welcome, and each one after that until the app registers again", () => {
    const rig = Rig.offline();
    remove(rig);
    for (let link = 0; link < 2; link++) {
      rig.restart();
      rig.connect();
      expect(welcomeIn(rig)).toMatchObject({ registrations: [], removed: [removed] });
    }
    rig.register("a");
    rig.take();
    rig.lose();
    rig.connect();
    expect(welcomeIn(rig).removed).toBeUndefined();
  });

  test("S16 an unregister by the device is no removal, also if the server removes it later", () => {
    const rig = Rig.registered();
    rig.command({ kind: "unregister", value: { request: 9, slot: 1 } });
    rig.take();
    expect(remove(rig)).toMatchObject({ removed: false });
    rig.lose();
    rig.connect();
    expect(welcomeIn(rig).removed).toBeUndefined();
  });

  test("S16 a link that said no Hello yet is told by its Welcome", () => {
    const rig = Rig.registered();
    rig.connect(null);
    remove(rig);
    expect(rig.take()).toEqual([]);
  });
});

describe("S17 a banned device", () => {
  test("S17 may not register for the app until then, and is told for how long", () => {
    const rig = Rig.online();
    expect(ban(rig)).toEqual({ ok: true, removed: true, bannedUntil: rig.now + HOUR_MS });
    const told = { name: "banned", code: 231, retryAfterMs: HOUR_MS };
    expect(rig.take()).toMatchObject([{ kind: "removed", value: told }]);
    expect(register(rig)).toMatchObject({ kind: "refusal", value: { ...told, request: 3 } });
    expect(register(rig, "b")).toMatchObject({ kind: "registered" });
    rig.now += HOUR_MS - 1;
    expect(register(rig)).toMatchObject({ kind: "refusal", value: { retryAfterMs: 1 } });
    rig.now += 1;
    expect(register(rig)).toMatchObject({ kind: "registered" });
  });

  test("S17 stays banned after a kill, and when another key takes the device", () => {
    const rig = Rig.registered();
    ban(rig);
    rig.restart();
    rig.openAccount("key-1", "key-2");
    rig.publicKey = "key-2";
    rig.restart();
    rig.connect();
    expect(welcomeIn(rig).removed).toMatchObject([{ name: "banned", retryAfterMs: HOUR_MS }]);
    expect(register(rig)).toMatchObject({ kind: "refusal", value: { name: "banned" } });
  });

  test("S17 a ban by any regId of the device ends the registration that stands", () => {
    const rig = Rig.online();
    const first = rig.generationOf("a");
    remove(rig);
    rig.register("a");
    rig.take();
    const bannedUntil = rig.now + HOUR_MS;
    expect(remove(rig, { generation: first, bannedUntil })).toMatchObject({ removed: true });
    expect(rig.take()).toMatchObject([{ kind: "removed", value: { name: "banned" } }]);
  });

  test("S17 a later ban replaces the time, a removal without one leaves it, and lifting it lets the device in", () => {
    const rig = Rig.registered();
    ban(rig, 10 * HOUR_MS);
    expect(ban(rig, HOUR_MS)).toMatchObject({ removed: false, bannedUntil: rig.now + HOUR_MS });
    expect(remove(rig)).toMatchObject({ removed: false, bannedUntil: rig.now + HOUR_MS });
    const lift = () => rig.run((context) => rig.device.liftBan("a", context));
    expect(rig.rows(lift)).toBe(1);
    expect(rig.rows(lift)).toBe(0);
    rig.lose();
    rig.connect();
    expect(welcomeIn(rig).removed).toMatchObject([{ name: "removed" }]);
    expect(register(rig)).toMatchObject({ kind: "registered" });
  });

  test("S17 one of a year can be said on the link, whose field holds 24 days", () => {
    const rig = Rig.registered();
    ban(rig, LIMITS.BAN_MAX_SECONDS * 1_000);
    expect(register(rig)).toMatchObject({ value: { name: "banned", retryAfterMs: 2 ** 31 - 1 } });
    rig.lose();
    rig.connect();
    const retryAfterMs = LIMITS.BAN_MAX_SECONDS * 1_000;
    expect(welcomeIn(rig).removed).toMatchObject([{ retryAfterMs }]);
  });

  test("S17 the account is not erased before its last ban is over, and is then", () => {
    const rig = new Rig();
    rig.openAccount();
    const generation = Math.floor((rig.now - SEQ_EPOCH_MS) / 1_000);
    rig.connect({}, { generation });
    rig.register("a");
    rig.answerCalls();
    ban(rig, 300 * 86_400_000);
    const bannedUntil = rig.now + 300 * 86_400_000;
    rig.answerCalls();
    rig.lose();
    let alarms = 0;
    while (rig.store.account !== null) {
      const at = rig.device.lastingDeadline ?? rig.device.idleDeadline(rig.now);
      if (at === null) throw new Error("no alarm");
      rig.now = Math.max(rig.now, at);
      expect(++alarms).toBeLessThan(30);
      rig.alarm();
      rig.answerCalls();
      if (rig.store.account === null) expect(rig.now).toBeGreaterThanOrEqual(bannedUntil);
    }
  });
});

test("P8.1 S17 a device remembers 64 removals: the oldest without a ban makes room, then the ban that ends first", () => {
  const rig = Rig.registered();
  const names = Array.from({ length: LIMITS.REMOVALS + 2 }, (_, n) => `app${n}`);
  const evict = (app: string, bannedUntil: number | null) => {
    rig.now += 1_000;
    rig.register(app);
    remove(rig, { app, bannedUntil });
    rig.answerCalls();
  };
  const known = () => (rig.store.account?.removals ?? []).map(([app]) => app);
  names.slice(0, LIMITS.REMOVALS).forEach((app, n) => {
    evict(app, n === 1 ? null : rig.now + HOUR_MS * (n + 1));
  });
  expect(known()).toHaveLength(LIMITS.REMOVALS);
  evict(names[LIMITS.REMOVALS] ?? "", rig.now + HOUR_MS * 100);
  expect(known()).toEqual(names.filter((_, n) => n !== 1 && n <= LIMITS.REMOVALS));
  evict(names[LIMITS.REMOVALS + 1] ?? "", rig.now + HOUR_MS * 100);
  expect(known()).toEqual(names.filter((_, n) => n > 1));
  expect(rig.store.account?.removals).toHaveLength(LIMITS.REMOVALS);
});
