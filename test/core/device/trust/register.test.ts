/** Commands that the device's apps decide about: asked of their objects, and answered when those have. */
import { describe, expect, test } from "vitest";
import type { AdmitRequest, Admitted } from "../../../../core/app/admission.ts";
import type { HeldGrant } from "../../../../core/app/grant.ts";
import type { CallResult } from "../../../../core/link/effects.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { broadcastsIn, deliver, entry } from "../support/broadcasts.ts";
import { OPEN } from "../support/open-app.ts";
import { DEVICE_NAME, Rig, START_MS } from "../support/rig.ts";

const text = new TextDecoder();
const SECONDS = START_MS / 1_000;
const GRANT: HeldGrant = {
  ...{ jti: "g1", kid: "k1", exp: SECONDS + 3_600, attributes: {} },
  ...{ aliases: ["me"], tags: [{ prefix: "news/" }] },
};
const granted = (fields: Partial<Admitted> = {}): Admitted => ({
  ...{ ok: true, trustVersion: 1, policy: { alias: [], tag: [] }, grant: GRANT, lapsed: null },
  ...fields,
});

/** With a link, and apps that do not answer by themselves. */
function asking(): Rig {
  const rig = new Rig();
  rig.openAccount();
  rig.connect();
  rig.keepsAppCalls = true;
  rig.take();
  return rig;
}

const register = (rig: Rig, request = 1, grant?: string, app = "a") =>
  rig.command({
    kind: "register",
    value: { request, appId: `app-${app}`, ...(grant === undefined ? {} : { grant }) },
  });

const admitCall = (rig: Rig): AdmitRequest => {
  const call = rig.calls.find(({ kind }) => kind === "app")?.call;
  if (call?.method !== "admit") throw new Error("no app was asked");
  return call.request;
};

/** The oldest question to an app is answered. */
function answer(rig: Rig, admission: Admitted | CallResult): void {
  const at = rig.calls.findIndex(({ kind }) => kind === "app");
  const [call] = rig.calls.splice(at, 1);
  const result = "trustVersion" in admission ? { ok: true as const, answer: admission } : admission;
  rig.run((context) => rig.device.onCallResult(call?.token ?? 0, result, context));
}

const refused = (code: "grant_required" | "grant_invalid"): CallResult => ({
  ok: true,
  answer: { ok: false, code },
});

describe("register", () => {
  test("S1 a stranger that the app refuses gets nothing, and nothing is stored of it", () => {
    const rig = asking();
    register(rig);
    expect(admitCall(rig)).toEqual({
      ...{ device: DEVICE_NAME, regId: null, grant: null, held: null, kind: "register" },
    });
    answer(rig, refused("grant_required"));
    expect(rig.take()).toMatchObject([
      { kind: "refusal", value: { request: 1, name: "grant_required" } },
    ]);
    expect(rig.store.exists).toBe(false);
    expect(rig.calls).toEqual([]);
  });

  test("S1 a registration keeps what its grant allows, across a kill", () => {
    const rig = asking();
    register(rig, 1, "a.b.c");
    expect(admitCall(rig)).toMatchObject({ grant: "a.b.c" });
    answer(rig, granted());
    expect(rig.take()).toMatchObject([{ kind: "registered", value: { request: 1 } }]);
    rig.restart();
    rig.connect();
    register(rig, 2);
    expect(admitCall(rig)).toMatchObject({ regId: "reg-a-1", grant: null, held: GRANT });
  });

  test("S1 it costs one question, and the row that it writes in any case", () => {
    const rig = asking();
    const before = { ...rig.store.written };
    register(rig, 1, "a.b.c");
    answer(rig, granted());
    expect(rig.store.written.registrations - before.registrations).toBe(1);
    expect(rig.calls.map(({ kind }) => kind)).toEqual(["tag"]);
    const rows = rig.store.rowsWritten;
    register(rig, 2, "a.b.c");
    answer(rig, granted());
    expect(rig.store.rowsWritten).toBe(rows);
  });

  test("S2 grants of one app are asked about one after another, so that a later one stays", () => {
    const rig = asking();
    register(rig, 1, "first");
    register(rig, 2, "second");
    expect(rig.calls.length).toBe(1);
    expect(admitCall(rig)).toMatchObject({ grant: "first" });
    answer(rig, granted());
    expect(admitCall(rig)).toMatchObject({ grant: "second", held: GRANT });
    const second = { ...GRANT, jti: "g2" };
    answer(rig, granted({ grant: second }));
    expect(rig.take().map(({ kind }) => kind)).toEqual(["registered", "registered"]);
    expect(rig.store.listRegistrations()).toMatchObject([{ slot: 1, standing: { grant: second } }]);
  });

  test.each([
    ["fails", (rig: Rig) => answer(rig, { ok: false })],
    ["is of an app that is gone", (rig: Rig) => answer(rig, refused("grant_invalid"))],
  ])("S2 a question that %s changes nothing of a registration that stands", (_, fail) => {
    const rig = asking();
    register(rig, 1, "a.b.c");
    answer(rig, granted());
    rig.take();
    const before = rig.store.listRegistrations();
    register(rig, 2, "d.e.f");
    fail(rig);
    expect(rig.take()).toMatchObject([{ kind: "refusal", value: { request: 2 } }]);
    expect(rig.store.listRegistrations()).toEqual(before);
  });

  test("S2 an answer after the link has ended registers nobody, on no other link either", () => {
    const rig = asking();
    register(rig);
    rig.lose();
    answer(rig, OPEN);
    expect(rig.store.exists).toBe(false);
    rig.connect();
    register(rig);
    rig.connect();
    answer(rig, OPEN);
    expect(rig.store.exists).toBe(false);
    expect(rig.take().filter(({ kind }) => kind === "registered")).toEqual([]);
  });

  test("S2 an answer to an account that was displaced meanwhile registers nobody under the new one", () => {
    const rig = asking();
    register(rig, 1, undefined, "b");
    answer(rig, OPEN);
    register(rig);
    rig.openAccount("key-1", "key-2");
    answer(rig, OPEN);
    expect(rig.store.listRegistrations().filter(({ endedAt }) => endedAt === null)).toEqual([]);
  });

  test("S2 unregistering while the app is asked again wins, whatever the app says", () => {
    const rig = asking();
    register(rig);
    answer(rig, OPEN);
    rig.take();
    register(rig, 2, "a.b.c");
    rig.command({ kind: "unregister", value: { request: 3, slot: 1 } });
    answer(rig, granted());
    expect(rig.take()).toMatchObject([
      { kind: "unregistered", value: { request: 3 } },
      { kind: "refusal", value: { request: 2, name: "slot_unknown" } },
    ]);
    expect(rig.store.listRegistrations()).toMatchObject([{ endedAt: rig.now }]);
  });

  test("S2 P8.1 so many commands wait for apps; one more is refused, and may come again", () => {
    const rig = asking();
    for (let n = 1; n <= LIMITS.ADMITS_WAITING; n++) register(rig, n, `${n}`);
    expect(rig.take()).toEqual([]);
    register(rig, 1_000);
    expect(rig.take()).toMatchObject([
      { kind: "refusal", value: { request: 1_000, name: "overloaded", retryAfterMs: 1_000 } },
    ]);
    // Those that have waited too long are answered without a call.
    rig.now += LIMITS.COMMAND_MS;
    answer(rig, { ok: false });
    const names = rig.take().flatMap((frame) => (frame.kind === "refusal" ? frame.value.name : []));
    expect(names).toEqual(Array(LIMITS.ADMITS_WAITING).fill("overloaded"));
    expect(rig.calls).toEqual([]);
  });
});

describe("a grant", () => {
  /** Registered with `GRANT`, listening. */
  function holding(): Rig {
    const rig = asking();
    register(rig, 1, "a.b.c");
    answer(rig, granted());
    rig.command({ kind: "attach", value: { slot: 1 } });
    rig.answerCalls();
    rig.take();
    return rig;
  }

  const refusalsOf = (rig: Rig) =>
    rig.take().flatMap((frame) => (frame.kind === "refusal" ? [frame.value.name] : []));
  const setAlias = (rig: Rig, alias: string, held = true) =>
    rig.command({ kind: "setAlias", value: { request: 5, slot: 1, alias, held } });
  const subscribe = (rig: Rig, ...add: string[]) =>
    rig.command({ kind: "subscribe", value: { request: 6, slot: 1, add, remove: [] } });

  test("S3 allows its aliases and tags, exactly or by prefix, and no others", () => {
    const rig = holding();
    setAlias(rig, "you");
    subscribe(rig, "news/berlin", "sport");
    setAlias(rig, "me too");
    expect(refusalsOf(rig)).toEqual(["not_granted", "not_granted", "not_granted"]);
    expect(rig.calls).toEqual([]);
    setAlias(rig, "me");
    subscribe(rig, "news/berlin", "news/");
    expect(rig.answerCalls().map(({ call }) => call.method)).toEqual(["set", "join", "join"]);
    expect(rig.take().map(({ kind }) => kind)).toEqual(["done", "done"]);
  });

  test("S4 a policy older than a minute is asked for again, and commands keep their order meanwhile", () => {
    const rig = holding();
    rig.now += LIMITS.POLICY_AGE_MS;
    setAlias(rig, "me");
    setAlias(rig, "me", false);
    subscribe(rig, "sport");
    expect(rig.calls.map(({ kind }) => kind)).toEqual(["app"]);
    expect(admitCall(rig)).toMatchObject({ kind: "check", held: GRANT, grant: null });
    answer(rig, granted());
    expect(refusalsOf(rig)).toEqual(["not_granted"]);
    expect(rig.answerCalls().map(({ call }) => call.method)).toEqual(["set", "unset"]);
    expect(rig.store.aliases.size).toBe(0);
  });

  test("S4 without an answer no name is used, and what gives names up is carried out", () => {
    const rig = holding();
    setAlias(rig, "me");
    rig.answerCalls();
    rig.take();
    rig.now += LIMITS.POLICY_AGE_MS;
    subscribe(rig, "news/a");
    setAlias(rig, "me", false);
    answer(rig, { ok: false });
    expect(refusalsOf(rig)).toEqual(["overloaded"]);
    expect(rig.answerCalls().map(({ call }) => call.method)).toEqual(["unset"]);
  });

  test("S5 one that is smaller takes away what the device gave itself, and leaves what the app's server gave", () => {
    const rig = holding();
    setAlias(rig, "me");
    subscribe(rig, "news/a");
    const name = { app: "a", generation: 1 };
    rig.run((context) =>
      rig.device.setAlias({ ...name, alias: "own", held: true, shared: false }, context),
    );
    rig.run((context) => rig.device.setTags({ ...name, add: ["vip"], remove: [] }, context));
    rig.answerCalls();
    rig.take();
    rig.command({ kind: "grant", value: { request: 9, slot: 1, grant: "d.e.f" } });
    expect(admitCall(rig)).toMatchObject({ kind: "renew", grant: "d.e.f", regId: "reg-a-1" });
    answer(rig, granted({ grant: { ...GRANT, jti: "g2", aliases: [], tags: [] } }));
    rig.answerCalls();
    expect(rig.take()).toMatchObject([
      { kind: "aliasLost", value: { alias: "me" } },
      { kind: "done", value: { request: 9 } },
    ]);
    expect(rig.device.describe(name)).toMatchObject({ tags: ["vip"], aliases: ["own"] });
    rig.restart();
    expect(rig.device.describe(name)).toMatchObject({ tags: ["vip"], aliases: ["own"] });
  });

  test("S6 once it is over, the registration receives nothing until it is renewed", () => {
    const rig = holding();
    rig.lose();
    rig.now = (GRANT.exp + LIMITS.CLOCK_SKEW_SECONDS) * 1_000 + 1;
    rig.connect({ attach: [1] });
    expect(rig.take()).toMatchObject([
      { kind: "welcome", value: { registrations: [{ slot: 1, lapsed: true }] } },
    ]);
    expect(rig.queue()).toMatchObject({ status: "queued" });
    rig.command({ kind: "attach", value: { slot: 1 } });
    setAlias(rig, "me");
    answer(rig, granted({ lapsed: "grant_expired" }));
    expect(refusalsOf(rig)).toEqual(["grant_expired", "grant_expired"]);
    rig.command({ kind: "grant", value: { request: 9, slot: 1, grant: "d.e.f" } });
    answer(rig, granted({ grant: { ...GRANT, exp: rig.now / 1_000 + 60 } }));
    const [first, ...rest] = rig.take();
    expect(first).toMatchObject({ kind: "deliver" });
    expect(rest).toMatchObject([{ kind: "done", value: { request: 9 } }]);
  });

  const LAPSED_AT = (GRANT.exp + LIMITS.CLOCK_SKEW_SECONDS) * 1_000 + 1;
  const lapse = {
    kind: "registered",
    value: { request: 0, registration: { slot: 1, lapsed: true } },
  };
  const renew = (rig: Rig) => {
    rig.command({ kind: "grant", value: { request: 9, slot: 1, grant: "d.e.f" } });
    answer(rig, granted({ grant: { ...GRANT, exp: rig.now / 1_000 + 3_600 } }));
    return rig.take();
  };

  test("S6 one that ends while the device listens delivers to its last millisecond, and then tells the device", () => {
    const rig = holding();
    rig.now = LAPSED_AT - 1;
    rig.send({ key: "last" });
    expect(rig.take()).toMatchObject([{ kind: "deliver", value: { messages: [{ slot: 1 }] } }]);
    // Not acknowledged: it is not on the socket any more, and comes again.
    rig.now = LAPSED_AT;
    expect(rig.queue({ key: "next" })).toMatchObject({ status: "queued" });
    expect(rig.take()).toMatchObject([lapse]);
    expect(rig.queue({ key: "more" })).toMatchObject({ status: "queued" });
    expect(rig.take()).toEqual([]);
    const frames = renew(rig);
    const data = frames.flatMap((frame) =>
      frame.kind === "deliver" ? frame.value.messages.map((each) => text.decode(each.data)) : [],
    );
    expect(data).toEqual(["last", "next", "more"]);
    expect(frames.at(-1)).toMatchObject({ kind: "done", value: { request: 9 } });
  });

  test.each(["before it ends", "after it ended", "between the end and the renewal"])(
    "S6 one that ends while the device listens: a sleep of the object %s changes nothing",
    (when) => {
      const rig = holding();
      if (when === "before it ends") rig.hibernate();
      rig.now = LAPSED_AT;
      if (when === "after it ended") rig.hibernate();
      expect(rig.queue()).toMatchObject({ status: "queued" });
      expect(rig.take()).toMatchObject([lapse]);
      if (when === "between the end and the renewal") rig.hibernate();
      expect(renew(rig)).toMatchObject([{ kind: "deliver" }, { kind: "done" }]);
    },
  );

  test("S6 one that ends while the device listens: what is on its way from a tag does not arrive either", () => {
    const rig = holding();
    rig.command({ kind: "subscribe", value: { request: 6, slot: 1, add: ["news/a"], remove: [] } });
    rig.answerCalls();
    rig.take();
    const cover = ["news/a"];
    deliver(rig, [entry(1, { cover })], { tag: "news/a" });
    expect(broadcastsIn(rig.take())).toMatchObject([{ position: 1 }]);
    rig.now = LAPSED_AT;
    deliver(rig, [entry(2, { cover })], { tag: "news/a" });
    expect(rig.take()).toMatchObject([lapse]);
  });

  test("S6 one that was renewed in time, does not lapse with the old one", () => {
    const rig = holding();
    // Nothing wakes the object when its grant ends.
    expect(rig.device.deadline).toBe(null);
    rig.now = GRANT.exp * 1_000;
    renew(rig);
    rig.now = LAPSED_AT;
    rig.send();
    expect(rig.take()).toMatchObject([{ kind: "deliver" }]);
  });

  test("S7 an alias that the app's server set for this registration alone is not shared by the device", () => {
    const rig = holding();
    const name = { app: "a", generation: 1 };
    rig.run((context) =>
      rig.device.setAlias({ ...name, alias: "me", held: true, shared: false }, context),
    );
    rig.answerCalls();
    const value = { request: 5, slot: 1, alias: "me", held: true, shared: true };
    rig.command({ kind: "setAlias", value });
    expect(refusalsOf(rig)).toEqual(["not_granted"]);
    expect(rig.calls).toEqual([]);
  });
});
