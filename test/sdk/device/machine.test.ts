import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ERRORS } from "../../../schema/errors.ts";
import type { Welcome } from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { PushErrorData } from "../../../sdk/device/errors.ts";
import {
  initialLink,
  type LinkEffect,
  type LinkEvent,
  type LinkPhase,
  type LinkState,
  step,
} from "../../../sdk/device/link/machine.ts";

const DEFAULTS = { reconnectBaseMs: 1_000, reconnectMaxMs: 60_000, heartbeatMs: 50_000 };
const WELCOME: Welcome = {
  session: new Uint8Array(16),
  serverTimeMs: 0,
  heartbeatMinMs: 30_000,
  heartbeatMaxMs: 540_000,
  heartbeatMs: 50_000,
  reconnectBaseMs: 2_000,
  reconnectMaxMs: 30_000,
  maxFrameBytes: 65_536,
  registrations: [],
  resumed: false,
};
const LATER: PushErrorData = { code: "network_failed", message: "", retry: "later" };

/** The state after these events, from idle, and the effects of the last of them. */
function run(...events: LinkEvent[]): { state: LinkState; effects: readonly LinkEffect[] } {
  let state = initialLink(DEFAULTS);
  let effects: readonly LinkEffect[] = [];
  for (const event of events) ({ state, effects } = step(state, event, 0.5));
  return { state, effects };
}

const START: LinkEvent = { kind: "start" };
const TOKEN: LinkEvent = { kind: "token", token: "t" };
const OPENED: LinkEvent = { kind: "opened" };
const WELCOMED: LinkEvent = { kind: "welcome", welcome: WELCOME };
const TIMER: LinkEvent = { kind: "timer" };
const ended = (code: number, reason = ""): LinkEvent => ({ kind: "ended", code, reason });
const UP: LinkEvent[] = [START, TOKEN, OPENED, WELCOMED];
const timerOf = (effects: readonly LinkEffect[]) =>
  effects.find((effect) => effect.kind === "timer")?.ms;
const kinds = (effects: readonly LinkEffect[]) => effects.map(({ kind }) => kind);

describe("the way up", () => {
  it.each<[string, LinkEvent[], LinkPhase, string[]]>([
    ["start makes a token", [START], "authenticating", ["timer", "status", "authenticate"]],
    ["a token opens the socket", [START, TOKEN], "opening", ["timer", "open"]],
    ["an open socket says hello", [START, TOKEN, OPENED], "greeting", ["timer", "hello"]],
    ["a welcome connects", UP, "connected", ["timer", "status"]],
    ["the timer of a standing link pings", [...UP, TIMER], "connected", ["timer", "ping"]],
    ["a late token means nothing", [...UP, TOKEN], "connected", []],
    ["a second start means nothing", [START, START], "authenticating", []],
    ["stop ends it", [...UP, { kind: "stop" }], "closed", ["cut", "timer", "status"]],
    ["nothing revives a closed link", [{ kind: "stop" }, START], "closed", []],
  ])("%s", (_, events, phase, effects) => {
    const last = run(...events);
    expect(last.state.phase).toBe(phase);
    expect(kinds(last.effects)).toEqual(effects);
  });

  it.each([
    ["below the least", 1, 30_000],
    ["within the bounds", 45_000, 45_000],
    ["over the most", 600_000, 540_000],
  ])("takes a heartbeat %s into the server's bounds", (_, heartbeatMs, wanted) => {
    const welcome = { ...WELCOME, heartbeatMs };
    const { effects } = run(START, TOKEN, OPENED, { kind: "welcome", welcome });
    expect(timerOf(effects)).toBe(wanted);
  });
});

describe("the way down", () => {
  it("gives up an attempt that hangs, at every step", () => {
    for (const events of [[START], [START, TOKEN], [START, TOKEN, OPENED]]) {
      const { state, effects } = run(...events, TIMER);
      expect(state.phase).toBe("waiting");
      expect(kinds(effects)).toEqual(["cut", "timer", "status"]);
    }
  });

  it("L6 ends a link that answers no ping, and only that one", () => {
    expect(run(...UP, TIMER, TIMER).state.phase).toBe("waiting");
    const heard = run(...UP, TIMER, { kind: "heard" });
    expect(timerOf(heard.effects)).toBe(50_000);
    expect(run(...UP, TIMER, { kind: "heard" }, TIMER).state.phase).toBe("connected");
  });

  it("L5 doubles the window with each failure up to the server's cap, and starts anew after a welcome", () => {
    let { state } = run(...UP);
    const windows: (number | null | undefined)[] = [];
    for (let i = 0; i < 7; i++) {
      for (const event of i === 0 ? [ended(1006)] : [TIMER, TOKEN, ended(1006)]) {
        const next = step(state, event, 0.999_999);
        state = next.state;
        if (event.kind === "ended") windows.push(timerOf(next.effects));
      }
    }
    expect(windows).toEqual([2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    for (const event of [TIMER, TOKEN, OPENED, WELCOMED]) state = step(state, event, 0).state;
    expect(timerOf(step(state, ended(1006), 0.999_999).effects)).toBe(2_000);
  });

  it("L5 spreads over the whole window", () => {
    const { state } = run(...UP);
    for (const random of [0, 0.25, 0.75]) {
      expect(timerOf(step(state, ended(1006), random).effects)).toBe(2_000 * random);
    }
  });

  it("L5 uses a goaway's window, and the same endpoint", () => {
    const { state, effects } = run(...UP, { kind: "goaway", withinMs: 90_000 }, ended(4000));
    expect(timerOf(effects)).toBe(45_000);
    expect(state.endpoint).toBe(0);
  });

  it("goes to the next endpoint where this one was never reached", () => {
    expect(run(START, { kind: "refused", error: LATER }).state.endpoint).toBe(1);
    expect(run(START, TOKEN, ended(1006)).state.endpoint).toBe(1);
    expect(run(...UP, ended(1006)).state.endpoint).toBe(0);
  });

  it("waits as long as the mesh asks before it tries for an account again", () => {
    const error: PushErrorData = { ...LATER, code: "overloaded", retryAfterMs: 300_000 };
    expect(timerOf(run(START, { kind: "refused", error }).effects)).toBe(300_500);
  });

  it("never waits longer than a timer can be set to, nor less than nothing", () => {
    const error: PushErrorData = { ...LATER, retryAfterMs: Number.MAX_SAFE_INTEGER };
    expect(timerOf(run(START, { kind: "refused", error }).effects)).toBe(2 ** 31 - 1);
    const backwards = run(...UP, { kind: "goaway", withinMs: -5 }, ended(4000));
    expect(timerOf(backwards.effects)).toBe(0);
  });

  it("calls a mesh that welcomes and then breaks the protocol less and less often", () => {
    let { state } = run(...UP);
    const windows: (number | null | undefined)[] = [];
    for (let i = 0; i < 5; i++) {
      const next = step(state, { kind: "fault", message: "bad frame" }, 0.999_999);
      windows.push(timerOf(next.effects));
      state = next.state;
      for (const event of [TIMER, TOKEN, OPENED, WELCOMED]) state = step(state, event, 0).state;
    }
    expect(windows).toEqual([4_000, 8_000, 16_000, 30_000, 30_000]);
  });
});

describe("verdicts", () => {
  const closes = Object.entries(ERRORS).flatMap(([name, { close, retry }]) =>
    close === null ? [] : [{ name, close, retry }],
  );

  it.each(closes)("$close $name is taken as the error table says", ({ name, close, retry }) => {
    const { state, effects } = run(...UP, ended(close, `${name}: detail`));
    expect(state.phase).toBe(retry === "never" ? "closed" : "waiting");
    const status = effects.find((effect) => effect.kind === "status");
    expect(status?.error).toMatchObject({ code: name, retry, closeCode: close });
    expect(state.refusals).toBe(retry === "reauthenticate" ? 1 : 0);
  });

  it.each([
    [1000, "waiting"],
    [1001, "waiting"],
    [1006, "waiting"],
    [1012, "waiting"],
    [4042, "waiting"],
    [4142, "waiting"],
    [4242, "closed"],
    [4300, "waiting"],
  ])("%i of no error of ours is taken by its range", (code, phase) => {
    expect(run(...UP, ended(code, "gone")).state.phase).toBe(phase);
  });

  it("renews the clock after one refusal, the account after two, and nothing after a welcome", () => {
    const down: LinkEvent[] = [START, TOKEN, ended(4100)];
    const again: LinkEvent[] = [TIMER, TOKEN, ended(4101)];
    const renewal = (...events: LinkEvent[]) =>
      run(...events).effects.find((effect) => effect.kind === "authenticate")?.renewal;
    expect(renewal(START)).toBe("none");
    expect(renewal(...down, TIMER)).toBe("clock");
    expect(renewal(...down, ...again, TIMER)).toBe("account");
    expect(renewal(...down, ...again, ...again, TIMER)).toBe("account");
    expect(renewal(...down, TIMER, TOKEN, OPENED, WELCOMED, ended(1006), TIMER)).toBe("none");
  });

  it("forgets the account when the mesh says it has another key", () => {
    expect(kinds(run(...UP, ended(4201)).effects)).toContain("forget");
    expect(kinds(run(...UP, ended(4200)).effects)).not.toContain("forget");
  });
});

describe("waking", () => {
  it("ends a wait at once, and starts the backoff anew", () => {
    const { state } = run(START, TOKEN, ended(1006), TIMER, TOKEN, ended(1006), { kind: "wake" });
    expect(state.phase).toBe("authenticating");
    expect(state.failures).toBe(0);
  });

  it("probes a standing link once", () => {
    expect(kinds(run(...UP, { kind: "wake" }).effects)).toEqual(["timer", "ping"]);
    expect(run(...UP, { kind: "wake" }, { kind: "wake" }).effects).toEqual([]);
  });
});

describe("L5 the first reconnect after the mesh closed a link that stood", () => {
  const upWith = (reconnectFirstMs: number): LinkEvent[] => [
    START,
    TOKEN,
    OPENED,
    { kind: "welcome", welcome: { ...WELCOME, reconnectFirstMs } },
  ];

  it.each([1006, 1012, 4003])("by %i is within the window of Welcome; the next as ever", (code) => {
    const { state, effects } = run(...upWith(20_000), ended(code));
    expect(timerOf(effects)).toBe(10_000);
    // Half of base × 2, and so on.
    const again = run(...upWith(20_000), ended(code), TIMER, TOKEN, ended(1006));
    expect(timerOf(again.effects)).toBe(2_000);
    expect(state.failures).toBe(1);
  });

  it("does not hold up a device whose own link was cut, or that is told of a network", () => {
    const silent = run(...upWith(20_000), TIMER, TIMER);
    expect(kinds(silent.effects)).toContain("cut");
    expect(timerOf(silent.effects)).toBe(1_000);
    const woken = run(...upWith(20_000), ended(1006), { kind: "wake" });
    expect(kinds(woken.effects)).toContain("authenticate");
  });

  it("of a mesh that names none is as every other", () => {
    expect(timerOf(run(...UP, ended(1006)).effects)).toBe(1_000);
  });
});

it("L6 a probe pings an open link once, and does nothing else", () => {
  const probe: LinkEvent = { kind: "probe" };
  expect(kinds(run(...UP, probe).effects)).toEqual(["timer", "ping"]);
  expect(run(...UP, probe, probe).effects).toEqual([]);
  for (const before of [[], [START], [START, TOKEN], [...UP, ended(1006)]]) {
    expect(run(...before, probe).effects).toEqual([]);
  }
});

it("whatever happens, a link that is not idle or closed has its timer set, and it is never set below zero", () => {
  const event: fc.Arbitrary<LinkEvent> = fc.oneof(
    fc.constantFrom<LinkEvent>(START, TOKEN, OPENED, TIMER),
    fc.constantFrom<LinkEvent>({ kind: "heard" }, { kind: "wake" }, { kind: "probe" }),
    fc.constantFrom<LinkEvent>({ kind: "fault", message: "" }, { kind: "refused", error: LATER }),
    fc.integer({ min: 1000, max: 4400 }).map((code) => ended(code)),
    fc.integer().map((withinMs): LinkEvent => ({ kind: "goaway", withinMs })),
    fc
      .record({
        heartbeatMs: fc.integer(),
        reconnectBaseMs: fc.integer(),
        reconnectMaxMs: fc.integer(),
        reconnectFirstMs: fc.integer(),
      })
      .map((odd): LinkEvent => ({ kind: "welcome", welcome: { ...WELCOME, ...odd } })),
  );
  fc.assert(
    fc.property(
      fc.array(event, { maxLength: 60 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (events, random) => {
        let state = initialLink(DEFAULTS);
        let timerMs: number | null = null;
        for (const event of [START, ...events]) {
          if (event.kind === "timer") timerMs = null;
          const next = step(state, event, random);
          state = next.state;
          const set = timerOf(next.effects);
          if (set !== undefined) timerMs = set;
          if (state.phase === "closed") expect(timerMs).toBe(null);
          else
            expect(timerMs).toSatisfy(
              (ms: number | null) => ms !== null && ms >= 0 && ms < 2 ** 31,
            );
        }
        // A Welcome's numbers, however odd, never make it ping or call in a tight loop.
        expect(state.heartbeatMs).toBeGreaterThanOrEqual(100);
        expect(state.reconnectBaseMs).toBeGreaterThanOrEqual(100);
      },
    ),
    { numRuns: 500 },
  );
});

it("starts from what the limits say", () => {
  expect(DEFAULTS).toEqual({
    reconnectBaseMs: LIMITS.RECONNECT_BASE_MS,
    reconnectMaxMs: LIMITS.RECONNECT_MAX_MS,
    heartbeatMs: LIMITS.HEARTBEAT_DEFAULT_MS,
  });
});
