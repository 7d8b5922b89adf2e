/** How many tags and aliases devices may have awake, where a process has descriptors for so many only. */
import { expect, test, vi } from "vitest";
import { AWAKE_MS } from "../../objects/capacity/awake.ts";
import { WakeLimiter, type WakeLimiterOptions } from "../../objects/capacity/wake-limiter.ts";
import { MeshError } from "../../schema/errors.ts";
import { leftOf } from "../../worker/calls/objects.ts";
import type { MeshContext } from "../../worker/context.ts";

const PATIENCE_MS = 15_000;

/**
 * @param freeLinks links that there is room for yet
 * @param options of the room for joins, unless others are given
 */
function roomOf(freeLinks: number, options: Partial<WakeLimiterOptions> = {}) {
  let now = 0;
  /** How far the clock is off. */
  let off = 0;
  const sleeps: { readonly at: number; readonly wake: () => void }[] = [];
  const room = new WakeLimiter({
    freeLinks: () => freeLinks,
    areNew: true,
    full: "full",
    isLinked: () => false,
    now: () => now + off,
    sleep: (ms) => new Promise((wake) => sleeps.push({ at: now + ms, wake })),
    ...options,
  });
  const settled = () => new Promise<void>((done) => setImmediate(done));
  return {
    room,
    setClock: (byMs: number) => {
      off = byMs;
    },
    /** Moves the clock, and wakes whoever sleeps until then. */
    async pass(ms: number): Promise<void> {
      now += ms;
      for (const { wake } of sleeps.filter(({ at }) => at <= now)) wake();
      await settled();
    },
    async isIn(name: string): Promise<boolean> {
      let isIn = false;
      void room.enter(name, PATIENCE_MS).then(
        () => (isIn = true),
        () => {},
      );
      await settled();
      return isIn;
    },
  };
}

test("P8.5 devices wake a third as many tags and aliases as links are free, and the next once those sleep", async () => {
  const { isIn, pass } = roomOf(90);
  for (let n = 0; n < 30; n++) {
    if (n > 0 && n % 8 === 0) await pass(1_000);
    expect(await isIn(`tag${n}`)).toBe(true);
  }
  await pass(AWAKE_MS - 3_001);
  expect(await isIn("late")).toBe(false);
  // Those that are awake already.
  expect(await isIn("tag0")).toBe(true);
  await pass(1);
  expect(await isIn("next")).toBe(true);
});

test("P8.5 devices wake eight tags and aliases a second, or twice as many as go to sleep", async () => {
  const { isIn, pass } = roomOf(90);
  for (let n = 0; n < 8; n++) expect(await isIn(`tag${n}`)).toBe(true);
  expect(await isIn("tag8")).toBe(false);
  expect(await isIn("tag0")).toBe(true);
  await pass(999);
  expect(await isIn("tag9")).toBe(false);
  await pass(1);
  expect(await isIn("tag10")).toBe(true);
  const large = roomOf(39_000);
  for (let n = 0; n < 2_000; n++) expect(await large.isIn(`tag${n}`)).toBe(true);
  expect(await large.isIn("tag2000")).toBe(false);
});

test("P8.5 a call for which there is no room for long fails, and its device tries it again", async () => {
  const { room, isIn, pass } = roomOf(0);
  for (let n = 0; n < 8; n++) expect(await isIn(`tag${n}`)).toBe(true);
  const late = room.enter("late", PATIENCE_MS);
  const failed = expect(late).rejects.toThrow(MeshError);
  // All are asked again and again.
  for (let ms = 0; ms <= PATIENCE_MS; ms += 1_000) {
    for (let n = 0; n < 8; n++) expect(await isIn(`tag${n}`)).toBe(true);
    await pass(1_000);
  }
  await failed;
});

test("P8.5 signed requests wake a third as many objects as links are free, at once, and any that has a link", async () => {
  const { room, isIn, pass } = roomOf(90, {
    areNew: false,
    full: "full",
    isLinked: (name) => name === "linked",
  });
  for (let n = 0; n < 30; n++) expect(await isIn(`device${n}`)).toBe(true);
  expect(await isIn("linked")).toBe(true);
  // Who has no time to wait is told when there may be room.
  await expect(room.enter("late", 0)).rejects.toMatchObject({
    code: "overloaded",
    message: "full",
    retryAfterMs: AWAKE_MS,
  });
  await pass(AWAKE_MS);
  await room.enter("late", 0);
});

for (const areNew of [false, true]) {
  test(`P1.6 P8.5 a clock that is set back shuts no room, and nobody waits for longer (new objects: ${areNew})`, async () => {
    const { room, isIn, pass, setClock } = roomOf(0, { areNew });
    for (let n = 0; n < 8; n++) expect(await isIn(`tag${n}`)).toBe(true);
    const late = room.enter("late", PATIENCE_MS / 3).then(
      () => "in",
      ({ code, retryAfterMs }: MeshError) => ({ code, retryAfterMs }),
    );
    await pass(1_000);
    setClock(-3_600_000);
    for (let ms = 0; ms < PATIENCE_MS / 3; ms += 1_000) await pass(1_000);
    // What passed before it was asked the time again is not known.
    const refused = { code: "overloaded", retryAfterMs: AWAKE_MS };
    expect(await Promise.race([late, "still waiting"])).toEqual(refused);
    await pass(AWAKE_MS);
    for (let n = 0; n < 8; n++) expect(await isIn(`next${n}`)).toBe(true);
    await expect(room.enter("more", 0)).rejects.toMatchObject({ retryAfterMs: AWAKE_MS });
    // Back and forth in no time.
    setClock(3_600_000);
    expect(await isIn("ahead")).toBe(true);
    setClock(0);
    expect(await isIn("ahead")).toBe(true);
    await pass(AWAKE_MS);
    for (let n = 0; n < 8; n++) expect(await isIn(`last${n}`)).toBe(true);
    await expect(room.enter("full", 0)).rejects.toMatchObject({ retryAfterMs: AWAKE_MS });
  });
}

test("P1.6 nothing of a request waits for longer where the clock is set back meanwhile", () => {
  vi.useFakeTimers({ toFake: ["Date"], now: 3_600_000 });
  try {
    const receivedAt = Date.now();
    const c = { get: () => receivedAt } as unknown as MeshContext;
    const leftAt = (now: number) => {
      vi.setSystemTime(now);
      return leftOf(c, 5_000);
    };
    expect([3_600_000, 3_601_000, 3_606_000, 0].map(leftAt)).toEqual([5_000, 4_000, 0, 5_000]);
  } finally {
    vi.useRealTimers();
  }
});

test("P8.5 what may as well not be asked leaves half of the room to whoever waits for it", async () => {
  const options = { areNew: false, isLinked: (name: string) => name === "linked" };
  const { room, isIn, pass } = roomOf(0, options);
  const admitted = () => Array.from({ length: 8 }, (_, n) => room.admits(`device${n}`));
  expect(admitted()).toEqual([true, true, true, true, false, false, false, false]);
  expect(room.admits("linked")).toBe(true);
  for (let n = 4; n < 8; n++) expect(await isIn(`device${n}`)).toBe(true);
  // What is awake anyhow may be asked.
  expect(admitted()).toEqual(Array(8).fill(true));
  await pass(AWAKE_MS);
  expect(room.admits("next")).toBe(true);
});

/** A room for 24 objects of several apps, as signed requests ask for them. */
function sharedRoom() {
  const { room, pass } = roomOf(72, { areNew: false });
  let asked = 0;
  const ask = (owner: string, isGuess = false): Promise<string | null> => {
    const name = `${owner}${++asked}`;
    return room.enter(name, 0, { owner, isGuess }).then(
      () => name,
      () => null,
    );
  };
  /** How many of so many get in. */
  const takeOf = async (owner: string, count: number): Promise<number> => {
    const names = await Promise.all(Array.from({ length: count }, () => ask(owner)));
    return names.filter((name) => name !== null).length;
  };
  return { room, pass, ask, takeOf };
}

test("P8.5 an app that wakes all it can leaves room to others, and has no more than its part within 13 s", async () => {
  const { pass, takeOf } = sharedRoom();
  expect(await takeOf("greedy", 100)).toBe(21);
  expect(await takeOf("other", 5)).toBe(3);
  expect(await takeOf("greedy", 100)).toBe(0);
  await pass(AWAKE_MS);
  expect(await takeOf("greedy", 100)).toBe(11);
  expect(await takeOf("other", 100)).toBe(11);
  await pass(AWAKE_MS);
  for (const app of ["third", "greedy", "other"]) expect(await takeOf(app, 100)).toBe(7);
  // Of one that does not come any more.
  for (let spans = 0; spans < 3; spans++) await pass(AWAKE_MS);
  expect(await takeOf("greedy", 100)).toBe(21);
});

test("P8.5 an app that asks for little leaves the rest to others", async () => {
  const { pass, takeOf } = sharedRoom();
  for (let spans = 0; spans < 3; spans++) {
    expect(await takeOf("modest", 2)).toBe(2);
    expect(await takeOf("greedy", 100)).toBe(19);
    await pass(AWAKE_MS);
  }
});

test("P8.5 aliases that nobody holds take a quarter of the room at the most", async () => {
  const { room, pass, ask, takeOf } = sharedRoom();
  const guess = async () => {
    const name = await ask("app", true);
    if (name !== null) room.wasVain(name);
    return name;
  };
  for (let n = 0; n < 6; n++) expect(await guess()).not.toBeNull();
  expect(await guess()).toBeNull();
  // What is known to be there is not in question.
  expect(await takeOf("app", 100)).toBe(15);
  await pass(AWAKE_MS);
  expect(await guess()).not.toBeNull();
});
