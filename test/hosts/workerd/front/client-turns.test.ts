/** How requests that wake objects for strangers take turns in front of workerd, on a clock of the test's own. */
import { expect, test } from "vitest";
import { ClientTurns } from "../../../../hosts/workerd/front/client-turns.ts";
import { LIMITS } from "../../../../schema/limits.ts";

function rig() {
  const clock = { now: 0 };
  const timers = new Set<{ readonly at: number; readonly task: () => void }>();
  const turns = new ClientTurns({
    now: () => clock.now,
    after(ms, task) {
      const timer = { at: clock.now + ms, task };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  });
  const begun: string[] = [];
  const refused: string[] = [];
  return {
    turns,
    begun,
    refused,
    timers,
    take: (network: string) =>
      turns.take(network, {
        begin: () => void begun.push(network),
        refuse: () => void refused.push(network),
      }),
    /** Time passes, millisecond by millisecond. */
    pass(ms: number): void {
      for (const end = clock.now + ms; ; clock.now++) {
        for (const timer of timers) {
          if (timer.at > clock.now || !timers.delete(timer)) continue;
          timer.task();
        }
        if (clock.now === end) return;
      }
    },
  };
}

test("P8.3 beside sends there is one turn at a time, and a pause follows that is twice as long", () => {
  const { turns, begun, take, pass } = rig();
  turns.sent();
  const end = take("a");
  take("a");
  pass(10);
  expect(begun).toHaveLength(1);
  end();
  pass(19);
  expect(begun).toHaveLength(1);
  pass(1);
  expect(begun).toHaveLength(2);
});

test("P8.3 without sends there are eight turns at a time, and no pauses", () => {
  const { begun, take, pass } = rig();
  const ends = Array.from({ length: 20 }, () => take("a"));
  expect(begun).toHaveLength(8);
  for (const end of ends.slice(0, 3)) end();
  expect(begun).toHaveLength(8);
  pass(0);
  expect(begun).toHaveLength(11);
});

test("P8.3 each network has a turn before another has its second, however many requests it has", () => {
  const { turns, begun, take, pass } = rig();
  turns.sent();
  const ends = new Map<string, (() => void)[]>();
  for (const network of ["a", "a", "a", "a", "b", "c", "b"])
    ends.set(network, [...(ends.get(network) ?? []), take(network)]);
  for (let n = 1; n < 7; n++) {
    expect(begun).toHaveLength(n);
    ends.get(begun.at(-1) ?? "")?.shift()?.();
    pass(0);
  }
  expect(begun).toEqual(["a", "a", "b", "c", "a", "b", "a"]);
});

test("P8.3 two neighbourhoods of hundreds of networks keep no newcomer of a third waiting", () => {
  const { turns, begun, take, pass } = rig();
  turns.sent();
  const end = take("198.51.100.1");
  for (let n = 2; n < 250; n++) take(`198.51.100.${n}`);
  for (let n = 0; n < 250; n++) take(`2001:db8:1:${n.toString(16)}::/64`);
  take("203.0.113.1");
  end();
  pass(2_500);
  expect(begun.indexOf("203.0.113.1")).toBe(3);
});

test("P8.3 who waits has its turn before who comes later, also once there are no more sends", () => {
  const { turns, begun, take, pass } = rig();
  turns.sent();
  pass(500);
  for (const network of ["a", "b"]) take(network);
  pass(500);
  expect(begun).toEqual(["a"]);
  take("c");
  expect(begun).toEqual(["a", "b", "c"]);
});

test("P8.3 who gives up while it waits has no turn, and the next one has it", () => {
  const { turns, begun, take, pass } = rig();
  turns.sent();
  const end = take("a");
  take("b")();
  take("c");
  end();
  pass(0);
  expect(begun).toEqual(["a", "c"]);
});

test("P8.3 a request that has no turn within 5 s is refused, once, and has none later", () => {
  const { begun, refused, take, pass } = rig();
  // Each turn is as long as one may be, and the other networks asked before.
  for (let n = 0; n < 40; n++) take(`${n}`);
  take("late");
  pass(LIMITS.WAKE_WAIT_MS - 1);
  expect(refused).toEqual([]);
  pass(1);
  expect(refused).toEqual(["late"]);
  pass(60_000);
  expect(begun).toHaveLength(40);
  expect(refused).toEqual(["late"]);
});

test("P8.3 a turn is over after a second at the latest, and its end then ends no other's", () => {
  const { begun, take, pass, timers } = rig();
  const ends = Array.from({ length: 17 }, () => take("a"));
  pass(1_000);
  expect(begun).toHaveLength(16);
  for (const end of ends.slice(0, 8)) end();
  pass(0);
  expect(begun).toHaveLength(16);
  ends[8]?.();
  pass(0);
  expect(begun).toHaveLength(17);
  pass(60_000);
  expect(timers.size).toBe(0);
});
