/** How changes of tags and aliases take turns with single sends, where one thread does all of it and waits for the disk. */
import { expect, test } from "vitest";
import { KnownObjects } from "../../objects/capacity/known-objects.ts";
import { oneByOne, WorkPacer } from "../../objects/capacity/work-pacer.ts";
import { LIMITS } from "../../schema/limits.ts";

const PATIENCE_MS = 10_000;

/** @param lateMs how late the next timer is */
function rig(isSending = true, lateMs = () => 0) {
  const clock = { now: 0, isSending };
  const looks: number[] = [];
  const sleeps: { readonly at: number; readonly wake: () => void }[] = [];
  const pacer = new WorkPacer({
    isSending: () => clock.isSending,
    now: () => clock.now,
    sleep(ms) {
      looks.push(clock.now);
      return new Promise((wake) => sleeps.push({ at: clock.now + ms + lateMs(), wake }));
    },
  });
  const begun: { readonly at: number; readonly askedAt: number; readonly end: () => void }[] = [];
  const refused: unknown[] = [];
  const settled = () => new Promise<void>((done) => setImmediate(done));
  return {
    clock,
    begun,
    refused,
    /** When callers began to wait, or to wait again. */
    looks,
    async ask(count = 1, kind: "known" | "new" = "known"): Promise<void> {
      const askedAt = clock.now;
      for (let n = 0; n < count; n++)
        void pacer.enter(PATIENCE_MS, kind).then(
          (end) => begun.push({ at: clock.now, askedAt, end }),
          (error: unknown) => refused.push(error),
        );
      await settled();
    },
    /** Time passes, millisecond by millisecond. */
    async pass(ms: number): Promise<void> {
      for (let n = 0; n < ms; n++) {
        clock.now++;
        const due = sleeps.filter(({ at }) => at <= clock.now);
        for (const one of due) {
          sleeps.splice(sleeps.indexOf(one), 1);
          one.wake();
        }
        if (due.length > 0) await settled();
      }
    },
  };
}

test("P8.3 beside sends, changes of tags come one at a time, and a pause follows that is twice as long", async () => {
  const { begun, ask, pass } = rig();
  await ask(3);
  expect(begun).toHaveLength(1);
  await pass(20);
  expect(begun).toHaveLength(1);
  begun[0]?.end();
  await pass(39);
  expect(begun).toHaveLength(1);
  await pass(40);
  expect(begun).toHaveLength(2);
});

test("P8.3 without sends, changes of tags come one at a time, with a timer in between", async () => {
  const { begun, ask, pass } = rig(false);
  await ask();
  begun[0]?.end();
  // Whoever asks at once waits as well: otherwise a device that asks for one after another would leave no time for anything else.
  await ask();
  await pass(3);
  expect(begun).toHaveLength(1);
  await pass(7);
  expect(begun).toHaveLength(2);
});

test("P8.3 a disk that takes forever holds up the next change for a second, and for half of one after it", async () => {
  const slow = rig();
  await slow.ask(2);
  await slow.pass(900);
  slow.begun[0]?.end();
  await slow.pass(490);
  expect(slow.begun).toHaveLength(1);
  await slow.pass(20);
  expect(slow.begun).toHaveLength(2);
  const hung = rig();
  await hung.ask(2);
  await hung.pass(990);
  expect(hung.begun).toHaveLength(1);
  await hung.pass(20);
  expect(hung.begun).toHaveLength(2);
});

test("P8.5 a change whose turn does not come in 10 s is refused, and takes no turn of others", async () => {
  const { begun, refused, ask, pass } = rig();
  await ask(40);
  // None ends.
  await pass(PATIENCE_MS + 1_000);
  expect(refused.length).toBeGreaterThan(20);
  expect(refused[0]).toMatchObject({ code: "overloaded" });
  expect(begun.length + refused.length).toBe(40);
  await pass(1_000);
  await ask();
  expect(begun.length + refused.length).toBe(41);
});

test("P1.6 P8.3 a clock that is set back holds up no change", async () => {
  const { clock, begun, ask, pass } = rig();
  await ask();
  await pass(10);
  begun[0]?.end();
  clock.now -= 3_600_000;
  await ask();
  await pass(100);
  expect(begun).toHaveLength(2);
});

test("P8.1 however many wait, they look 200 times a second together", async () => {
  const { looks, ask, pass } = rig();
  await ask(1 + 600);
  const first = looks.length;
  await pass(9_000);
  expect(looks.length - first).toBeLessThanOrEqual(9 * 200);
  expect(looks.length - first).toBeGreaterThan(0);
});

test("P8.3 devices take turns: one that asks for a hundred changes waits for one at a time", async () => {
  const waiting: ((end: () => void) => void)[] = [];
  const turn = oneByOne(() => new Promise((begin) => waiting.push(begin)));
  const settled = () => new Promise<void>((done) => setImmediate(done));
  const begun: number[] = [];
  for (let n = 0; n < 100; n++) void turn().then(() => begun.push(n));
  for (let n = 1; n <= 3; n++) {
    await settled();
    expect(waiting).toHaveLength(n);
    waiting.at(-1)?.(() => {});
  }
  await settled();
  expect(begun).toEqual([0, 1, 2]);
});

test("P8.5 a change of a device whose turn does not come holds up none that the device asks for after it", async () => {
  let count = 0;
  const turn = oneByOne(async () => {
    if (++count === 1) throw new Error("no turn");
    return () => {};
  });
  const first = turn();
  const second = turn();
  await expect(first).rejects.toThrow("no turn");
  await expect(second).resolves.toBeTypeOf("function");
});

test("P8.3 beside twelve that always ask for more, nobody waits for more than three turns of each", async () => {
  // Timers are late, each by another time.
  let late = 0;
  const { clock, begun, ask, pass } = rig(true, () => (late = (late * 5 + 3) % 16));
  const CALLERS = 13;
  const WORK_MS = 20;
  await ask(CALLERS);
  for (let ended = 0; clock.now < 30_000; ) {
    await pass(1);
    const last = begun[ended];
    if (last === undefined || clock.now - last.at < WORK_MS) continue;
    ended++;
    last.end();
    await ask();
  }
  const waits = begun.map(({ at, askedAt }) => at - askedAt);
  expect(Math.max(...waits)).toBeLessThan(CALLERS * 3 * (3 * WORK_MS));
  // It loses no more than a few looks between two turns.
  expect(begun.length).toBeGreaterThan(30_000 / (3 * WORK_MS + 20));
});

test("P8.3 beside sends, a new database is followed by a pause of its own, in which others go on", async () => {
  const { begun, ask, pass } = rig();
  await ask(1, "new");
  await pass(20);
  begun[0]?.end();
  await ask(1, "new");
  await ask(1);
  await pass(60);
  // What is there has had its turn after the pause of all.
  expect(begun).toHaveLength(2);
  begun[1]?.end();
  await pass(20 * LIMITS.NEW_OBJECT_REST_SHARE - 60 - 20);
  expect(begun).toHaveLength(2);
  await pass(60);
  expect(begun).toHaveLength(3);
});

test("P8.3 without sends, new databases come as fast as anything else", async () => {
  const { begun, ask, pass } = rig(false);
  await ask(1, "new");
  await pass(20);
  begun[0]?.end();
  await ask(1, "new");
  await pass(20);
  expect(begun).toHaveLength(2);
});

test("S52 a device calls a few objects that are not there, then each of them in the turns of new ones, and those that are there as before", () => {
  const known = new KnownObjects();
  const { NEW_OBJECTS_BURST: few, NEW_OBJECTS_PER_SECOND: perSecond } = LIMITS;
  for (let n = 0; n < few; n++) expect(known.admits("d", `new-${n}`, 0)).toBe(true);
  expect(known.admits("d", "one more", 0)).toBe(false);
  expect(known.admits("another", "one more", 0)).toBe(true);
  known.add("one more");
  expect(known.admits("d", "one more", 0)).toBe(true);
  known.delete("one more");
  expect(known.admits("d", "one more", 0)).toBe(false);
  expect(known.admits("d", "one more", 1_000 / perSecond)).toBe(true);
});
