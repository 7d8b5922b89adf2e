import { describe, expect, test } from "vitest";
import { LIMITS } from "../../../schema/limits.ts";
import { keyOf, Rig } from "./support/rig.ts";

const unregister = (rig: Rig, slot: number) =>
  rig.command({ kind: "unregister", value: { request: 9, slot } });

describe("registrations", () => {
  test("P4.8 a send to an ended registration is refused, and what waited or was in flight ends unregistered", () => {
    const rig = Rig.online();
    const { seq } = rig.queue({ key: "row" });
    const token = rig.sendAndWait({ key: "flight" });
    unregister(rig, 1);
    expect(rig.take().at(-1)).toMatchObject({
      kind: "unregistered",
      value: { request: 9, slot: 1 },
    });
    expect(rig.send()).toEqual({ ok: false, code: "unregistered" });
    expect(rig.statusOf("row", seq)).toBe("unregistered");
    const answer = rig.answers.get(token);
    expect(answer).toMatchObject({ ok: true });
    expect(rig.statusOf("flight", answer?.ok && "seq" in answer ? answer.seq : 0)).toBe(
      "unregistered",
    );
    expect(rig.store.mail.size).toBe(0);
    rig.restart();
    expect(rig.statusOf("row", seq)).toBe("unregistered");
  });

  test("P4.8 a whole mailbox that ends is remembered whole", () => {
    const rig = Rig.registered();
    const seqs = Array.from(
      { length: LIMITS.MAILBOX_MESSAGES },
      (_, i) => rig.queue({ key: `${i}` }).seq,
    );
    unregister(rig, 1);
    rig.restart();
    const ends = seqs.map((seq, i) => rig.statusOf(`${i}`, seq));
    expect(new Set(ends)).toEqual(new Set(["unregistered"]));
  });

  test("P4.8 a regId of a generation that was replaced is unregistered, and its mail is dropped", () => {
    const rig = Rig.offline();
    const { seq } = rig.queue({ key: "m" });
    expect(rig.openAccount("key-1", "key-2")).toMatchObject({ generation: 2, outcome: "replaced" });
    expect(rig.send({ generation: 1 })).toEqual({ ok: false, code: "unregistered" });
    expect(rig.status("m", seq, { generation: 1 })).toEqual({ ok: true, status: "unregistered" });
    expect(rig.store.mail.size).toBe(0);
    expect([...rig.store.registrations.values()]).toMatchObject([{ endedAt: rig.now }]);
    expect(rig.send({ generation: 2 })).toEqual({ ok: false, code: "unregistered" });
  });

  test("P4.8 a device that has no account, or never registered the app, answers unregistered", () => {
    expect(new Rig().send()).toEqual({ ok: false, code: "unregistered" });
    expect(Rig.online().send({ app: "b" })).toEqual({ ok: false, code: "unregistered" });
  });

  test("P7.4 registering what is registered gives the same regId; after an end it gives another, in the same slot", () => {
    const rig = Rig.registered();
    const regIdOf = () => {
      rig.register("a");
      const answer = rig.take().at(-1);
      if (answer?.kind !== "registered") throw new Error("not registered");
      expect(answer.value.registration.slot).toBe(1);
      return answer.value.registration.regId;
    };
    const regIds = [regIdOf()];
    expect(regIdOf()).toBe(regIds[0]);
    for (let life = 1; life < 4; life++) {
      unregister(rig, 1);
      if (life === 2) rig.restart();
      if (life === 2) rig.connect();
      regIds.push(regIdOf());
    }
    expect(new Set(regIds).size).toBe(4);
    // Each is refused but the last.
    const lives = [0, 1, 2, 3].map((life) => 1 + life * 2 ** 32);
    const answers = lives.map((generation) => rig.send({ generation, waitMs: 0 }));
    expect(answers.slice(0, 3)).toEqual(Array(3).fill({ ok: false, code: "unregistered" }));
    expect(answers[3]).toMatchObject({ ok: true });
  });

  test("P7.4 a registration that was forgotten gives no regId anew", () => {
    const rig = Rig.registered();
    unregister(rig, 1);
    for (let i = 0; rig.store.registrations.get(1)?.app === "a"; i++) {
      rig.answerCalls();
      rig.now += 100;
      unregister(rig, rig.register(`x${i}`));
    }
    rig.answerCalls();
    rig.restart();
    rig.connect();
    const slot = rig.register("a");
    expect(rig.store.registrations.get(slot)?.generation).toBe(1 + 2 ** 32);
    expect(rig.send({ generation: 1 })).toEqual({ ok: false, code: "unregistered" });
  });

  test("P4.8 what was in flight at an unregister has one truth: the sender's answer is its status", () => {
    const rig = Rig.online();
    const flight = rig.sendAndWait({ key: "flight" });
    const now = rig.sendAndWait({ key: "now", ttlSeconds: 0 });
    unregister(rig, 1);
    const answer = rig.answers.get(flight);
    if (answer === undefined || !("seq" in answer)) throw new Error("no answer");
    expect(answer).toMatchObject({ ok: true, status: "unregistered" });
    expect(rig.answers.get(now)).toMatchObject({ ok: true, status: "unregistered" });
    rig.register("a");
    expect(rig.statusOf("flight", answer.seq)).toBe("unregistered");
    rig.restart();
    expect(rig.statusOf("flight", answer.seq)).toBe("unregistered");
  });

  test("P4.8 the same where another account takes the device over; what was delivered stays so", () => {
    const rig = Rig.online();
    rig.sendAndWait({ key: "taken" });
    const [taken] = rig.takeAndAck();
    const flight = rig.sendAndWait({ key: "flight" });
    rig.openAccount("key-1", "key-2");
    const answer = rig.answers.get(flight);
    if (answer === undefined || !("seq" in answer)) throw new Error("no answer");
    expect(answer).toMatchObject({ ok: true, status: "unregistered" });
    const statuses = () =>
      [
        ["taken", taken?.seq ?? 0],
        ["flight", answer.seq],
      ].map(([key, seq]) => rig.status(`${key}`, Number(seq), { generation: 1 }));
    const truth = [
      { ok: true, status: "delivered" },
      { ok: true, status: "unregistered" },
    ];
    expect(statuses()).toEqual(truth);
    rig.restart();
    rig.publicKey = "key-2";
    rig.connect();
    rig.register("a");
    expect(statuses()).toEqual(truth);
    expect(rig.send({ generation: 1 })).toEqual({ ok: false, code: "unregistered" });
  });

  test("P7.7 commands on a slot that the device does not hold are refused by name", () => {
    const rig = Rig.registered();
    rig.command({ kind: "attach", value: { slot: 2 } });
    rig.command({ kind: "detach", value: { slot: 2 } });
    unregister(rig, 2);
    expect(rig.take()).toMatchObject([
      { kind: "refusal", value: { name: "slot_unknown" } },
      { kind: "refusal", value: { name: "slot_unknown" } },
      { kind: "refusal", value: { name: "slot_unknown", request: 9 } },
    ]);
  });

  test("P7.7 an app that the mesh did not issue is refused", () => {
    const rig = Rig.registered();
    rig.command({ kind: "register", value: { request: 3, appId: "foreign" } });
    expect(rig.take()).toMatchObject([
      { kind: "refusal", value: { name: "app_unknown", request: 3 } },
    ]);
  });

  test("P7.7 what a slot's former app left behind is not told of its next", () => {
    const rig = Rig.registered();
    const { seq } = rig.queue({ key: "m", collapseKey: "c" });
    rig.queue({ key: "n", collapseKey: "c" });
    unregister(rig, 1);
    // Ended registrations are remembered until so many have ended that the oldest goes, and its slot with it.
    for (let i = 0; rig.store.registrations.get(1)?.app === "a"; i++) {
      rig.now += 100;
      unregister(rig, rig.register(`x${i}`));
      rig.answerCalls();
    }
    const heir = rig.store.registrations.get(1)?.app ?? "";
    const key = keyOf("m");
    const request = { app: heir, generation: 1, seq, key };
    expect(rig.run((context) => rig.device.status(request, context))).toMatchObject({
      code: "message_not_found",
    });
    expect(rig.statusOf("m", seq)).toBe("message_not_found");
  });

  test("a registration that is not attached gets nothing until it is, and nothing after it is detached", () => {
    const rig = Rig.registered();
    rig.queue();
    expect(rig.takeMessages()).toEqual([]);
    rig.command({ kind: "attach", value: { slot: 1 } });
    expect(rig.takeAndAck()).toHaveLength(1);
    rig.command({ kind: "detach", value: { slot: 1 } });
    rig.queue();
    expect(rig.takeMessages()).toEqual([]);
  });

  test("an attach that comes twice sends nothing twice", () => {
    const rig = Rig.online();
    rig.queue();
    rig.command({ kind: "attach", value: { slot: 1 } });
    expect(rig.takeMessages()).toHaveLength(1);
  });
});
