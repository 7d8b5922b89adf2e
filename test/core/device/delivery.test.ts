import { describe, expect, test } from "vitest";
import { acceptState } from "../../../core/device/delivery/accept-times.ts";
import { NO_SETTINGS, settingsHash } from "../../../schema/delivery.ts";
import type { AcceptTime, Message, SetDelivery } from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { passTo } from "./support/acts.ts";
import { broadcastsIn, deliver, entry } from "./support/broadcasts.ts";
import { Rig, START_MS } from "./support/rig.ts";

const HOUR_MS = 3_600_000;
const ALL_DAYS = 127;
const text = new TextDecoder();
const dataOf = (messages: readonly Message[]) => messages.map(({ data }) => text.decode(data));
const at = (time: string) => Date.parse(`${time}Z`);
/** From 8 to 22 o'clock, each day. */
const WAKING: AcceptTime = { days: ALL_DAYS, startMinute: 480, endMinute: 1_320 };
/** From half past midnight. The rig starts at midnight in UTC, and its messages wait an hour. */
const DAY: AcceptTime = { ...WAKING, startMinute: 30 };
const OPENS_MS = START_MS + HOUR_MS / 2;

function set(rig: Rig, settings: Partial<SetDelivery>): void {
  rig.command({ kind: "delivery", value: { request: 9, slot: 1, ...settings } });
}

describe("accept times", () => {
  const state = (accept: AcceptTime[], timeZone: string, now: string) => {
    const { isOpen, changesAt } = acceptState({ accept, timeZone }, at(now));
    return [isOpen, new Date(changesAt).toISOString().slice(0, 16)];
  };

  test("J14 begin and end in the zone of the device", () => {
    const berlin = "Europe/Berlin";
    expect(state([WAKING], berlin, "2026-12-01T06:59")).toEqual([false, "2026-12-01T07:00"]);
    expect(state([WAKING], berlin, "2026-12-01T07:00")).toEqual([true, "2026-12-01T21:00"]);
    expect(state([WAKING], berlin, "2026-12-01T21:00")).toEqual([false, "2026-12-02T07:00"]);
    expect(state([WAKING], "Asia/Kathmandu", "2026-12-01T03:00")).toEqual([
      true,
      "2026-12-01T16:15",
    ]);
  });

  test("J14 follow the clock when it is changed", () => {
    const berlin = "Europe/Berlin";
    // On 29 March an hour is skipped, on 25 October one comes twice.
    expect(state([WAKING], berlin, "2026-03-28T22:00")).toEqual([false, "2026-03-29T06:00"]);
    expect(state([WAKING], berlin, "2026-10-24T22:00")).toEqual([false, "2026-10-25T07:00"]);
    const night = { days: ALL_DAYS, startMinute: 1_320, endMinute: 360 };
    expect(state([night], berlin, "2026-03-28T23:00")).toEqual([true, "2026-03-29T04:00"]);
    expect(state([night], berlin, "2026-10-24T23:00")).toEqual([true, "2026-10-25T05:00"]);
  });

  test("J14 go over midnight, and from one into the next", () => {
    // 2026-12-04 is a Friday.
    const friday = { days: 1 << 4, startMinute: 1_200, endMinute: 120 };
    expect(state([friday], "UTC", "2026-12-04T19:59")).toEqual([false, "2026-12-04T20:00"]);
    expect(state([friday], "UTC", "2026-12-05T01:59")).toEqual([true, "2026-12-05T02:00"]);
    expect(state([friday], "UTC", "2026-12-05T02:00")).toEqual([false, "2026-12-11T20:00"]);
    const rest = { days: 1 << 5, startMinute: 120, endMinute: 600 };
    expect(state([rest, friday], "UTC", "2026-12-04T21:00")).toEqual([true, "2026-12-05T10:00"]);
  });

  test("J14 a whole day has 24 hours; none at all is any time", () => {
    const sunday = { days: 1 << 6, startMinute: 0, endMinute: 0 };
    expect(state([sunday], "UTC", "2026-12-05T12:00")).toEqual([false, "2026-12-06T00:00"]);
    expect(state([sunday], "UTC", "2026-12-06T12:00")).toEqual([true, "2026-12-07T00:00"]);
    expect(acceptState(NO_SETTINGS, START_MS).isOpen).toBe(true);
  });
});

describe("a device that accepts messages at times", () => {
  test("J15 gets what came outside them when they begin, in order, by its alarm", () => {
    const rig = Rig.online();
    set(rig, { accept: [DAY] });
    expect(rig.take()).toMatchObject([{ kind: "done" }]);
    const sent = ["1", "2"].map((data) => rig.send({ data }));
    // Nobody waits for it.
    expect(sent).toMatchObject([{ status: "queued" }, { status: "queued" }]);
    expect(rig.device.lastingDeadline).toBe(OPENS_MS);
    passTo(rig, OPENS_MS - 1);
    rig.send({ data: "3" });
    expect(rig.takeMessages()).toEqual([]);
    passTo(rig, OPENS_MS);
    expect(dataOf(rig.takeAndAck())).toEqual(["1", "2", "3"]);
    expect(rig.store.mail.size).toBe(0);
    const token = rig.sendAndWait();
    rig.takeAndAck();
    expect(rig.answers.get(token)).toMatchObject({ status: "delivered" });
  });

  test.each([
    ["the object sleeps", (rig: Rig) => rig.hibernate()],
    [
      "the mesh is killed",
      (rig: Rig) => {
        rig.restart();
        rig.connect({ attach: [1] });
      },
    ],
  ])("J15 the same if %s", (_, over) => {
    const rig = Rig.online();
    set(rig, { accept: [DAY] });
    rig.queue({ data: "1" });
    over(rig);
    rig.queue({ data: "2" });
    expect(rig.takeMessages()).toEqual([]);
    passTo(rig, OPENS_MS);
    expect(dataOf(rig.takeAndAck())).toEqual(["1", "2"]);
  });

  test("J15 a ttl runs on; ttl 0 is expired at once", () => {
    const rig = Rig.online();
    set(rig, { accept: [DAY] });
    expect(rig.send({ ttlSeconds: 0 })).toMatchObject({ status: "expired" });
    const short = rig.queue({ key: "short", ttlSeconds: 60 });
    passTo(rig, OPENS_MS);
    expect(rig.takeMessages()).toEqual([]);
    expect(rig.statusOf("short", short.seq)).toBe("expired");
  });

  test("J16 a message with ignoreQuietHours goes ahead of what waits, which keeps its order", () => {
    const rig = Rig.offline();
    rig.connect({ attach: [1] });
    set(rig, { accept: [DAY] });
    rig.take();
    const token = rig.sendAndWait({ data: "alone", options: { ignoreQuietHours: true } });
    expect(dataOf(rig.takeAndAck())).toEqual(["alone"]);
    expect(rig.answers.get(token)).toMatchObject({ status: "delivered" });
    const waiting = ["1", "2"].map((key) => rig.queue({ key }));
    const urgent = rig.queue({ key: "urgent", options: { ignoreQuietHours: true } });
    const [message] = rig.takeAndAck();
    expect(text.decode(message?.data)).toBe("urgent");
    expect(rig.statusOf("urgent", urgent.seq)).toBe("delivered");
    rig.queue({ key: "3" });
    rig.restart();
    rig.connect({ attach: [1], lastSeq: message?.seq ?? 0 });
    passTo(rig, OPENS_MS);
    const later = rig.takeAndAck();
    expect(dataOf(later)).toEqual(["1", "2", "3"]);
    expect(later[0]?.seq).toBeGreaterThan(message?.seq ?? 0);
    expect(later[0]?.idSeq).toBe(waiting[0]?.seq);
    expect(rig.statusOf("1", waiting[0]?.seq ?? 0)).toBe("delivered");
  });

  test("J16 P3.1 what waited before and after urgent ones, while the device was away, keeps its order", () => {
    const rig = Rig.online();
    set(rig, { accept: [DAY] });
    rig.lose();
    const urgent = { options: { ignoreQuietHours: true } } as const;
    rig.queue({ key: "1" });
    rig.queue({ key: "u1", ...urgent });
    rig.queue({ key: "2" });
    rig.queue({ key: "u2", ...urgent });
    rig.queue({ key: "3" });
    rig.connect({ attach: [1] });
    expect(dataOf(rig.takeAndAck())).toEqual(["u1", "u2"]);
    passTo(rig, OPENS_MS);
    expect(dataOf(rig.takeAndAck())).toEqual(["1", "2", "3"]);
    expect(rig.store.mail.size).toBe(0);
  });

  test("J17 costs nothing for devices without, and a row for each change", () => {
    const rig = Rig.online();
    expect(rig.rows(() => set(rig, {}))).toBe(0);
    expect(rig.rows(() => set(rig, { accept: [DAY], timeZone: "UTC" }))).toBe(1);
    expect(rig.rows(() => set(rig, { accept: [DAY], timeZone: "UTC" }))).toBe(0);
    // As any queued message.
    expect(rig.rows(() => rig.queue())).toBe(1);
    passTo(rig, OPENS_MS);
    expect(rig.rows(() => rig.takeAndAck())).toBe(1);
  });

  test("J15 a clock that is set back closes it again", () => {
    const rig = Rig.online();
    set(rig, { accept: [DAY] });
    rig.now = OPENS_MS + HOUR_MS;
    rig.alarm();
    rig.now = OPENS_MS - HOUR_MS;
    expect(rig.send()).toMatchObject({ status: "queued" });
    expect(rig.takeMessages()).toEqual([]);
  });

  test("J18 a broadcast finds it away outside them; it catches up when they begin", () => {
    const rig = Rig.online();
    rig.subscribe("x");
    rig.answerCalls();
    set(rig, { accept: [DAY] });
    rig.take();
    expect(deliver(rig, [entry(1)])).toMatchObject({ outcome: "offline" });
    expect(broadcastsIn(rig.take())).toEqual([]);
    passTo(rig, OPENS_MS);
    const fetched = rig.calls.map(({ call }) => call.method);
    expect(fetched).toContain("attach");
  });
});

describe("a device that pauses", () => {
  test("J12 gets nothing until it resumes, and then what came meanwhile, in order", () => {
    const rig = Rig.online();
    rig.queue({ data: "before" });
    rig.takeAndAck();
    set(rig, { paused: true });
    expect(rig.send({ data: "1" })).toMatchObject({ status: "queued" });
    rig.queue({ data: "2", options: { ignoreQuietHours: true } });
    rig.lose();
    rig.restart();
    rig.connect({ attach: [1] });
    rig.queue({ data: "3" });
    rig.hibernate();
    expect(rig.takeMessages()).toEqual([]);
    set(rig, {});
    expect(dataOf(rig.takeAndAck())).toEqual(["1", "2", "3"]);
    expect(rig.store.mail.size).toBe(0);
  });

  test("J12 what was on its way comes again after it, and the device answers for what it has", () => {
    const rig = Rig.online();
    const token = rig.sendAndWait({ data: "under way" });
    const [first] = rig.takeMessages();
    set(rig, { paused: true });
    expect(rig.answers.get(token)).toMatchObject({ status: "queued" });
    set(rig, {});
    expect(rig.takeAndAck()).toMatchObject([{ seq: first?.seq, replay: true }]);
  });

  test("J12 its ttl runs on", () => {
    const rig = Rig.online();
    set(rig, { paused: true });
    const sent = rig.queue({ key: "short", ttlSeconds: 60 });
    rig.now += 61_000;
    set(rig, {});
    expect(rig.takeMessages()).toEqual([]);
    expect(rig.statusOf("short", sent.seq)).toBe("expired");
  });

  test("J12 a broadcast finds it away", () => {
    const rig = Rig.online();
    rig.subscribe("x");
    set(rig, { paused: true });
    expect(deliver(rig, [entry(1)])).toMatchObject({ outcome: "offline" });
    rig.calls.length = 0;
    set(rig, {});
    expect(rig.calls.some(({ call }) => call.method === "attach")).toBe(true);
  });

  test("J13 the device is told what the mesh has, until the registration ends", () => {
    const rig = Rig.online();
    set(rig, { paused: true, timeZone: "Asia/Tokyo" });
    rig.restart();
    rig.connect();
    const told = () => {
      const frame = rig.take().find(({ kind }) => kind === "welcome");
      return frame?.kind === "welcome" ? frame.value.registrations[0]?.delivery : "none";
    };
    const settings = { ...NO_SETTINGS, paused: true, timeZone: "Asia/Tokyo" };
    expect(told()).toBe(settingsHash(settings));
    rig.command({ kind: "unregister", value: { request: 1, slot: 1 } });
    rig.register("a");
    rig.connect();
    expect(told()).toBeUndefined();
  });

  test.each<[string, Partial<SetDelivery>]>([
    ["a zone that there is not", { timeZone: "Mars/Phobos" }],
    ["no day", { accept: [{ ...DAY, days: 0 }] }],
    ["an eighth day", { accept: [{ ...DAY, days: 128 }] }],
    ["a 25th hour", { accept: [{ ...DAY, startMinute: 1_440 }] }],
    ["a time before midnight", { accept: [{ ...DAY, endMinute: -1 }] }],
    ["too many", { accept: Array.from({ length: LIMITS.ACCEPT_TIMES + 1 }, () => DAY) }],
  ])("J13 settings with %s are refused, and change nothing", (_, settings) => {
    const rig = Rig.online();
    expect(rig.rows(() => set(rig, settings))).toBe(0);
    expect(rig.take()).toMatchObject([{ kind: "refusal", value: { name: "delivery_invalid" } }]);
  });

  test("J11 a scheduled local time moves with the zone of the device", () => {
    const rig = Rig.online();
    set(rig, { timeZone: "Asia/Tokyo" });
    const answer = rig.send({ key: "later", hold: { local: "2026-11-01T12:00" } });
    expect(answer).toMatchObject({ heldUntil: at("2026-11-01T03:00") });
    expect(rig.rows(() => set(rig, { timeZone: "Europe/Berlin" }))).toBe(2);
    rig.take();
    passTo(rig, at("2026-11-01T10:59"));
    expect(rig.takeMessages()).toEqual([]);
    passTo(rig, at("2026-11-01T11:00"));
    expect(dataOf(rig.takeAndAck())).toEqual(["later"]);
  });
});
