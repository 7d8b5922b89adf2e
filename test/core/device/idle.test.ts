/** Accounts that nobody uses are erased; a clock that jumps erases nothing. */
import { describe, expect, test } from "vitest";
import { SEQ_EPOCH_MS } from "../../../core/message/clock.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { Rig, START_MS } from "./support/rig.ts";

const DAY_MS = 86_400_000;

/** Seconds since 2024, as credentials have it. */
const GENERATION = Math.floor((START_MS - SEQ_EPOCH_MS) / 1_000);

function registered(generation = GENERATION): Rig {
  const rig = new Rig();
  rig.openAccount();
  rig.connect({}, { generation });
  rig.register("a");
  rig.take();
  return rig;
}

function offline(): Rig {
  const rig = registered();
  rig.lose();
  return rig;
}

/** Lets time pass, with the alarms that the device has set meanwhile, as its hosts do. */
function pass(rig: Rig, ms: number): void {
  const until = rig.now + ms;
  for (let alarms = 0; alarms < 1_000; alarms++) {
    const at = rig.device.lastingDeadline ?? rig.device.idleDeadline(rig.now);
    if (at === null || at > until) break;
    rig.now = Math.max(rig.now, at);
    rig.alarm();
    rig.answerCalls();
  }
  rig.now = until;
}

/** Time enough for any account that nobody uses. */
const GRACE_MS = (LIMITS.DEVICE_IDLE_LOOKS + 2) * DAY_MS;

function empty(): Rig {
  const rig = registered();
  rig.answerCalls();
  rig.command({ kind: "unregister", value: { request: 9, slot: 1 } });
  rig.answerCalls();
  rig.lose();
  return rig;
}

const isErased = (rig: Rig): boolean =>
  rig.store.account === null && rig.store.link === null && rig.store.registrations.size === 0;

/** How long the account of a device is kept from now on, in milliseconds. */
function keptFor(rig: Rig): number {
  const from = rig.now;
  while (!isErased(rig)) {
    if (rig.now > from + 400 * DAY_MS) throw new Error("it is kept for ever");
    pass(rig, DAY_MS);
  }
  return rig.now - from;
}

describe("P8.12 accounts that nobody uses", () => {
  test.each([
    ["without a registration", empty, LIMITS.ACCOUNT_IDLE_MS],
    ["with one", offline, LIMITS.DEVICE_IDLE_MS],
  ])(
    "P8.12 an account %s is erased after its time and the days of grace, not before",
    (_, make, limit) => {
      const rig = make();
      rig.answerCalls();
      const kept = keptFor(rig);
      expect(kept).toBeGreaterThanOrEqual(limit + LIMITS.DEVICE_IDLE_LOOKS * DAY_MS);
      expect(kept).toBeLessThanOrEqual(limit + GRACE_MS + 2 * DAY_MS);
      expect(rig.device.idleDeadline(rig.now)).toBe(null);
    },
  );

  test("P8.12 its tags and aliases let it go before it is erased, and are asked until they have", () => {
    const rig = registered();
    rig.answerCalls();
    rig.subscribe("x");
    rig.command({
      kind: "setAlias",
      value: { request: 5, slot: 1, alias: "me", held: true, shared: false },
    });
    rig.answerCalls();
    rig.lose();
    rig.now += LIMITS.DEVICE_IDLE_MS;
    for (let looks = 0; looks <= LIMITS.DEVICE_IDLE_LOOKS; looks++) {
      expect(rig.calls).toEqual([]);
      rig.alarm();
      rig.now += DAY_MS;
    }
    const asked = rig.calls.map(({ call }) => call.method);
    expect(asked).toEqual(expect.arrayContaining(["leave", "leave"]));
    while (rig.calls.length > 0) rig.answerCall({ ok: false });
    rig.now += DAY_MS;
    rig.alarm();
    expect(isErased(rig)).toBe(false);
    expect(rig.calls.map(({ call }) => call.method)).toEqual(asked);
    rig.answerCalls();
    rig.now += DAY_MS;
    rig.alarm();
    expect(isErased(rig)).toBe(true);
    expect(rig.store.tags.size + rig.store.aliases.size).toBe(0);
  });

  test("P8.12 its regId is unregistered, and a device that comes back with its old credential gets another", () => {
    const rig = registered();
    rig.answerCalls();
    const before = rig.generationOf("a");
    const { generation } = rig.store.account ?? { generation: 0 };
    rig.lose();
    keptFor(rig);
    expect(rig.send({ generation: before })).toEqual({ ok: false, code: "unregistered" });
    rig.connect({}, { generation });
    rig.register("a");
    expect(rig.generationOf("a")).not.toBe(before);
    expect(rig.send({ generation: before })).toEqual({ ok: false, code: "unregistered" });
    expect(rig.queue()).toMatchObject({ status: "queued" });
  });

  test("P8.12 P7.4 one from before generations were times ends too, and its account says which regIds it gave", () => {
    const rig = registered(1);
    rig.answerCalls();
    rig.lose();
    pass(rig, LIMITS.DEVICE_IDLE_MS + GRACE_MS);
    expect(rig.send({ generation: 1 })).toEqual({ ok: false, code: "unregistered" });
    expect(rig.device.idleDeadline(rig.now)).toBe(null);
    rig.connect({}, { generation: 1 });
    rig.register("a");
    expect(rig.send({ generation: 1 })).toEqual({ ok: false, code: "unregistered" });
    expect(rig.queue()).toMatchObject({ status: "queued" });
  });

  test("P8.12 P1.1 nothing that waits is dropped: such a device is kept", () => {
    const rig = offline();
    rig.answerCalls();
    pass(rig, LIMITS.DEVICE_IDLE_MS - DAY_MS);
    const { seq } = rig.queue({ key: "late", ttlSeconds: LIMITS.TTL_MAX_SECONDS });
    pass(rig, 20 * DAY_MS);
    rig.restart();
    expect(rig.statusOf("late", seq)).toBe("queued");
    rig.connect({ attach: [1] });
    expect(rig.takeAndAck()).toHaveLength(1);
  });

  test("P8.12 a link, also one lost since, and one that stands for a year, keep it", () => {
    const rig = registered();
    rig.answerCalls();
    pass(rig, 365 * DAY_MS);
    expect(isErased(rig)).toBe(false);
    rig.lose();
    pass(rig, LIMITS.DEVICE_IDLE_MS + 3 * DAY_MS);
    rig.connect();
    rig.lose();
    pass(rig, LIMITS.DEVICE_IDLE_MS);
    rig.restart();
    expect(rig.device.isRegistered).toBe(true);
  });

  test.each([1, 3])("P8.12 P1.6 a clock that jumps forth %i times erases nothing", (jumps) => {
    const rig = offline();
    rig.answerCalls();
    for (let n = 0; n < jumps; n++) {
      const { now } = rig;
      rig.now += 365 * DAY_MS;
      for (let alarms = 0; alarms < 3; alarms++) rig.alarm();
      rig.restart();
      rig.now = now + DAY_MS;
      rig.alarm();
    }
    rig.answerCalls();
    expect(rig.device.isRegistered).toBe(true);
    expect(keptFor(rig)).toBeGreaterThan(LIMITS.DEVICE_IDLE_MS);
  });

  test("P8.12 P1.6 jumps forth with nothing in between move it on by one day each", () => {
    const rig = offline();
    rig.answerCalls();
    for (let n = 0; n < LIMITS.DEVICE_IDLE_LOOKS; n++) {
      rig.now += 365 * DAY_MS;
      for (let alarms = 0; alarms < 3; alarms++) rig.alarm();
      rig.restart();
    }
    rig.now = START_MS + DAY_MS;
    expect(rig.device.isRegistered).toBe(true);
    rig.connect();
    expect(rig.device.isRegistered).toBe(true);
  });

  test("P8.12 P1.6 a last use from a clock that was ahead keeps nobody for ever", () => {
    const rig = new Rig();
    rig.now += 3_650 * DAY_MS;
    rig.openAccount();
    rig.connect({}, { generation: Math.floor((rig.now - SEQ_EPOCH_MS) / 1_000) });
    rig.register("a");
    rig.answerCalls();
    rig.lose();
    rig.now = START_MS;
    rig.alarm();
    expect(keptFor(rig)).toBeLessThan(LIMITS.DEVICE_IDLE_MS + GRACE_MS + 2 * DAY_MS);
  });

  test("P8.12 P2.2 P4.8 what became of its messages is not known any longer, rather than told otherwise", () => {
    const rig = new Rig();
    rig.openAccount();
    rig.connect({}, { generation: Math.floor((rig.now - SEQ_EPOCH_MS) / 1_000) });
    rig.register("a");
    rig.command({ kind: "attach", value: { slot: 1 } });
    rig.answerCalls();
    rig.send({ key: "m" });
    const [{ seq } = { seq: 0 }] = rig.takeAndAck();
    const generation = rig.generationOf("a");
    const status = () => rig.status("m", seq, { generation });
    expect(status()).toEqual({ ok: true, status: "delivered" });
    rig.lose();
    keptFor(rig);
    expect(rig.send({ generation })).toEqual({ ok: false, code: "unregistered" });
    expect(status()).toEqual({ ok: false, code: "message_not_found" });
    // Nor once the device is back.
    rig.openAccount();
    rig.connect({}, { generation: Math.floor((rig.now - SEQ_EPOCH_MS) / 1_000) });
    rig.register("a");
    expect(status()).toEqual({ ok: false, code: "message_not_found" });
  });

  test("P8.12 P6.4 it costs a link no row, and an idle account one a day for eight days", () => {
    const rig = offline();
    rig.answerCalls();
    const linked = rig.rows(() => {
      rig.connect();
      rig.lose();
    });
    expect(linked).toBe(2);
    rig.now += LIMITS.DEVICE_IDLE_MS;
    for (let looks = 0; looks < LIMITS.DEVICE_IDLE_LOOKS; looks++) {
      expect(rig.rows(() => rig.alarm())).toBe(1);
      expect(rig.rows(() => rig.alarm())).toBe(0);
      rig.now += DAY_MS;
    }
    // Its coming back ends that without a row of its own.
    const back = rig.rows(() => {
      rig.connect();
      rig.lose();
    });
    expect(back).toBe(2);
  });
});
