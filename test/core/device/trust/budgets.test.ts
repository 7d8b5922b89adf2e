/** What a device may ask for: how often, what it is told beyond that, and that this writes nothing. */
import { expect, test } from "vitest";
import type { WritablePushUp } from "../../../../schema/generated/link.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { Rig } from "../support/rig.ts";

/** With a registration in slot 1. Links are opened again before one is cut for its commands. */
function registered(): Rig {
  const rig = new Rig();
  rig.openAccount();
  rig.connect();
  rig.command({ kind: "register", value: { request: 1, appId: "app-a" } });
  rig.take();
  return rig;
}

/** How many of these commands are let through, on as many links as it takes. */
function flood(rig: Rig, count: number, command: (n: number) => WritablePushUp): number {
  let refused = 0;
  for (let n = 0; n < count; n++) {
    if (n % LIMITS.COMMANDS_BURST === 0) rig.connect();
    rig.command(command(n));
    refused += limited(rig).length;
    rig.answerCalls();
    rig.take();
  }
  return count - refused;
}

const limited = (rig: Rig) =>
  rig
    .take()
    .flatMap((frame) =>
      frame.kind === "refusal" && frame.value.name === "rate_limited" ? [frame.value] : [],
    );

const register = (): WritablePushUp => ({
  ...{ kind: "register", value: { request: 2, appId: "app-a" } },
});
const alias = (n: number): WritablePushUp => ({
  ...{ kind: "setAlias", value: { request: 3, slot: 1, alias: `alias ${n % 16}`, held: true } },
});
test.each([
  ["registrations", register, LIMITS.REGISTERS_BURST, LIMITS.REGISTERS_PER_SECOND],
  ["aliases", alias, LIMITS.ALIAS_SETS_BURST, LIMITS.ALIAS_SETS_PER_SECOND],
])("S52 a device has a budget of %s, over all its links", (_, command, burst, perSecond) => {
  const rig = registered();
  // The registration that stands was one.
  const first = command === register ? burst - 1 : burst;
  expect(flood(rig, burst + 50, command)).toBe(first);
  rig.connect();
  rig.take();
  const rows = rig.store.rowsWritten;
  rig.command(command(0));
  const [refusal] = limited(rig);
  expect(refusal?.retryAfterMs).toBe(1_000 / perSecond);
  expect(rig.store.rowsWritten).toBe(rows);
  rig.now += 1_000 / perSecond - 1;
  rig.command(command(0));
  expect(limited(rig)).toHaveLength(1);
  rig.now += 1;
  rig.command(command(0));
  expect(limited(rig)).toEqual([]);
});

test("S52 of a Subscribe the tags that the registration does not have count, all of them or none", () => {
  const rig = registered();
  const add = Array.from({ length: LIMITS.SUBSCRIBE_TAGS }, (_, n) => `tag ${n}`);
  const subscribe = (tags: readonly string[]) =>
    rig.command({ kind: "subscribe", value: { request: 4, slot: 1, add: [...tags], remove: [] } });
  subscribe(add);
  expect(limited(rig)).toEqual([]);
  // Again, as a client does that has missed the answer: none is new.
  const times = LIMITS.TAG_JOINS_BURST / LIMITS.SUBSCRIBE_TAGS + 20;
  for (let n = 0; n < times; n++) {
    subscribe(add);
    expect(limited(rig)).toEqual([]);
  }
  // In and out of others, fifty at a time.
  const half = LIMITS.SUBSCRIBE_TAGS / 2;
  const named = (n: number) => add.slice(0, half).map((each) => `${n} ${each}`);
  const others = (n: number): WritablePushUp => ({
    kind: "subscribe",
    value: { request: 5, slot: 1, add: named(n), remove: named(n - 1) },
  });
  const left = (LIMITS.TAG_JOINS_BURST - LIMITS.SUBSCRIBE_TAGS) / half;
  expect(flood(rig, left + 10, others)).toBe(left);
  rig.command(others(-1));
  expect(limited(rig)[0]?.retryAfterMs).toBe((half * 1_000) / LIMITS.TAG_JOINS_PER_SECOND);
});

test("S52 all tags, aliases and apps of a device at its first start are within its budgets", () => {
  const [apps, tags] = [LIMITS.REGISTRATIONS, 4 * LIMITS.TAGS];
  expect(LIMITS.REGISTERS_BURST).toBeGreaterThanOrEqual(2 * apps);
  expect(LIMITS.ALIAS_SETS_BURST).toBeGreaterThanOrEqual(2 * apps * LIMITS.ALIASES);
  expect(LIMITS.TAG_JOINS_BURST).toBeGreaterThanOrEqual(tags);
});

/** With registrations of apps a and b in slots 1 and 2. */
function twice(): Rig {
  const rig = registered();
  rig.command({ kind: "register", value: { request: 1, appId: "app-b" } });
  // What registering calls besides the app.
  rig.answerCalls();
  rig.take();
  rig.keepsAppCalls = true;
  return rig;
}

const renew = (slot = 1): WritablePushUp => ({
  ...{ kind: "grant", value: { request: 4, slot, grant: "a.b.c" } },
});

/** @returns how the command is answered, if its app refuses it with this */
function refuse(rig: Rig, command: WritablePushUp, code: "grant_invalid" | "overloaded"): string {
  rig.command(command);
  const asked = rig.calls.length > 0;
  if (asked) rig.answerCall({ ok: true, answer: { ok: false, code } });
  const [answer] = rig.take();
  const name = answer?.kind === "refusal" ? answer.value.name : undefined;
  expect(asked).toBe(name !== "rate_limited");
  return name ?? "none";
}

test("S52 a device may be refused by an app so often, over all its links, by register and by grant", () => {
  const rig = twice();
  // That an app cannot answer is no refusal.
  for (let n = 0; n < 50; n++) expect(refuse(rig, renew(), "overloaded")).toBe("overloaded");
  for (let n = 0; n < LIMITS.REFUSED_ADMITS_BURST; n++)
    expect(refuse(rig, n % 2 === 0 ? renew() : register(), "grant_invalid")).toBe("grant_invalid");
  rig.connect();
  rig.take();
  for (const command of [renew(), register()])
    expect(refuse(rig, command, "grant_invalid")).toBe("rate_limited");
  rig.now += 1_000 / LIMITS.REFUSED_ADMITS_PER_SECOND;
  // What is admitted does not count.
  for (let n = 0; n < 20; n++) {
    rig.command(renew());
    rig.answerCalls();
    expect(rig.take()).toMatchObject([{ kind: "done" }]);
  }
  expect(refuse(rig, renew(), "grant_invalid")).toBe("grant_invalid");
  expect(refuse(rig, renew(), "grant_invalid")).toBe("rate_limited");
});

test("S52 an app that refuses its grants without end leaves other apps of the device theirs", () => {
  const rig = twice();
  for (let second = 0; second < 600; second++) {
    rig.connect();
    rig.take();
    refuse(rig, second % 2 === 0 ? renew(1) : register(), "grant_invalid");
    if (second % 10 === 0) {
      rig.command(renew(2));
      rig.answerCalls();
      expect(rig.take()).toMatchObject([{ kind: "done" }]);
    }
    rig.now += 1_000;
  }
  // Nor does it use up the registrations of others.
  rig.command({ kind: "register", value: { request: 7, appId: "app-c" } });
  rig.answerCalls();
  expect(rig.take()).toMatchObject([{ kind: "registered" }]);
});

test("S52 apps that a device has not registered are asked so often together, and each less", () => {
  const rig = new Rig();
  rig.openAccount();
  rig.connect();
  rig.take();
  rig.keepsAppCalls = true;
  const ask = (app: string) =>
    refuse(
      rig,
      { kind: "register", value: { request: 5, appId: app, grant: "a.b.c" } },
      "grant_invalid",
    );
  const burst = LIMITS.REFUSED_ADMITS_BURST;
  const apps = LIMITS.ALL_REFUSED_ADMITS_BURST / burst;
  for (let app = 0; app < apps; app++) {
    for (let n = 0; n < burst; n++) expect(ask(`app-${app}`)).toBe("grant_invalid");
    expect(ask(`app-${app}`)).toBe("rate_limited");
    rig.connect();
    rig.take();
  }
  expect(ask("app-x")).toBe("rate_limited");
  // The rate of one, which leaves room for others.
  rig.now += 1_000 / LIMITS.REFUSED_ADMITS_PER_SECOND;
  expect(ask("app-1")).toBe("grant_invalid");
  expect(ask("app-1")).toBe("rate_limited");
  expect(ask("app-x")).toBe("grant_invalid");
  expect(ask("app-y")).toBe("rate_limited");
});

test("S52 renewals that are sent without waiting are asked as often as others, also if the link ends before the answer", () => {
  const rig = twice();
  const burst = LIMITS.REFUSED_ADMITS_BURST;
  let asked = 0;
  for (let round = 0; round < 20; round++) {
    rig.connect();
    rig.take();
    for (let n = 0; n < 60; n++) rig.command(renew());
    if (round % 2 === 1) {
      rig.connect();
      rig.take();
    }
    for (; rig.calls.length > 0; asked++)
      rig.answerCall({ ok: true, answer: { ok: false, code: "grant_invalid" } });
    rig.now += 1_000 / LIMITS.REFUSED_ADMITS_PER_SECOND;
  }
  expect(asked).toBeLessThanOrEqual(burst + 20);
  expect(asked).toBeGreaterThanOrEqual(burst);
  // The other app's were none of them.
  expect(refuse(rig, renew(2), "grant_invalid")).toBe("grant_invalid");
});
