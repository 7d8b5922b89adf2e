/** Writes that are gathered: what is put is stored, in order, and `settled` waits for no more than that. */
import { expect, test } from "vitest";
import { memoryStorage, type Storage } from "../../../sdk/device/mod.ts";
import { BatchedStorage } from "../../../sdk/device/storage/batched.ts";
import { FakeClock, settle } from "./fake/clock.ts";

/** Where no time passes. */
const still = { after: () => () => {}, random: () => 0 };

/** A storage whose writes fail until the test says so, and a client's writes to it, on a clock of the test's own. */
function failing(random = 0) {
  const inner = memoryStorage();
  const clock = new FakeClock();
  const errors: unknown[] = [];
  const disk = { isFull: true, tries: 0 };
  const set: Storage["set"] = async (key, value) => {
    disk.tries++;
    if (disk.isFull) throw new Error("full");
    await inner.set(key, value);
  };
  const host = { after: clock.after, random: () => random };
  const batched = new BatchedStorage({ ...inner, set }, (error) => errors.push(error), host);
  return { inner, clock, errors, disk, batched };
}

/** A storage whose writes the test ends one by one. */
function slowStorage() {
  const inner = memoryStorage();
  const ends: (() => void)[] = [];
  let underWay = 0;
  let most = 0;
  const storage: Storage = {
    ...inner,
    set: async (key, value) => {
      most = Math.max(most, ++underWay);
      await new Promise<void>((resolve) => ends.push(resolve));
      underWay--;
      await inner.set(key, value);
    },
  };
  return { inner, storage, end: () => ends.shift()?.(), most: () => most };
}

test("a burst of one turn is one write of each key, of what stands when it is written", async () => {
  const { inner, storage, end, most } = slowStorage();
  const batched = new BatchedStorage(storage, () => {}, still);
  let value = "old";
  batched.put("a", () => value);
  batched.put("a", () => value);
  value = "new";
  await settle();
  expect(most()).toBe(1);
  end();
  await batched.settled();
  expect(await inner.get("a")).toBe("new");
  batched.put("a", () => undefined);
  await batched.settled();
  expect(await inner.get("a")).toBeUndefined();
});

test("P4.1 what is stored is settled, however much is put behind it; one batch is under way at a time", async () => {
  const { storage, end, most } = slowStorage();
  const batched = new BatchedStorage(storage, () => {}, still);
  const settled: string[] = [];
  const put = (text: string): void => {
    batched.put("a", () => text);
    void batched.settled().then(() => settled.push(text));
  };
  put("first");
  await settle();
  put("second");
  await settle();
  expect(settled).toEqual([]);
  end();
  await settle();
  put("third");
  expect(settled).toEqual(["first"]);
  end();
  await settle();
  expect(settled).toEqual(["first", "second"]);
  end();
  await settle();
  expect(settled).toEqual(["first", "second", "third"]);
  expect(most()).toBe(1);
});

test("P2.1 a write that fails is told, ends none behind it, and is done with the next", async () => {
  const inner = memoryStorage();
  const errors: unknown[] = [];
  let isFull = true;
  const batched = new BatchedStorage(
    {
      ...inner,
      set: (key, value) =>
        isFull && key === "a" ? Promise.reject(new Error("full")) : inner.set(key, value),
    },
    (error) => errors.push(error),
    still,
  );
  batched.put("a", () => "of a");
  await batched.settled();
  batched.put("b", () => "of b");
  await batched.settled();
  expect(errors).toMatchObject([{ message: "full" }, { message: "full" }]);
  expect(await inner.get("b")).toBe("of b");
  isFull = false;
  batched.put("b", () => "more of b");
  await batched.settled();
  expect(await inner.get("a")).toBe("of a");
  expect(errors).toHaveLength(2);
});

test("P2.1 a write that fails is tried again by itself, ever more seldom, until it is done", async () => {
  const { inner, clock, errors, disk, batched } = failing();
  batched.put("a", () => "of a");
  await batched.settled();
  const tries: number[] = [];
  for (let second = 1; second <= 240; second++) {
    const before = disk.tries;
    await clock.advance(1_000);
    if (disk.tries > before) tries.push(second);
  }
  expect(tries).toEqual([1, 3, 7, 15, 31, 63, 123, 183]);
  expect(errors).toHaveLength(9);
  disk.isFull = false;
  await clock.advance(60_000);
  expect(await inner.get("a")).toBe("of a");
  expect(clock.pending).toEqual([]);
  // The next one that fails begins anew.
  disk.isFull = true;
  batched.put("a", () => "more of a");
  await batched.settled();
  expect(clock.pending).toEqual([1_000]);
});

test("P2.1 tries of what failed are spread, and what is put between tries it at once", async () => {
  const { inner, clock, disk, batched } = failing(0.5);
  batched.put("a", () => "of a");
  await batched.settled();
  expect(clock.pending).toEqual([750]);
  disk.isFull = false;
  batched.put("b", () => "of b");
  await batched.settled();
  expect([await inner.get("a"), await inner.get("b")]).toEqual(["of a", "of b"]);
  expect(clock.pending).toEqual([]);
});

test("P2.1 what failed is tried once more when its client leaves, and then no more: it keeps no process", async () => {
  for (const isFull of [false, true]) {
    const { inner, clock, disk, batched } = failing();
    batched.put("a", () => "of a");
    await batched.settled();
    disk.isFull = isFull;
    await batched.settled();
    batched.stop();
    expect(await inner.get("a")).toBe(isFull ? undefined : "of a");
    expect(clock.pending).toEqual([]);
    batched.put("b", () => "of b");
    await batched.settled();
    expect(clock.pending).toEqual([]);
  }
});

test("P2.1 P4.1 a write that fails does not make another one of its batch count as stored", async () => {
  const { inner, storage, end, most } = slowStorage();
  const errors: unknown[] = [];
  const set: Storage["set"] = (key, value) =>
    key === "a" ? Promise.reject(new Error("full")) : storage.set(key, value);
  const batched = new BatchedStorage({ ...storage, set }, (error) => errors.push(error), still);
  batched.put("a", () => "of a");
  batched.put("b", () => "of b");
  let isSettled = false;
  void batched.settled().then(() => {
    isSettled = true;
  });
  await settle();
  batched.put("b", () => "more of b");
  await settle();
  expect([isSettled, most()]).toEqual([false, 1]);
  end();
  await settle();
  expect([isSettled, await inner.get("b")]).toEqual([true, "of b"]);
  expect(errors).toMatchObject([{ message: "full" }]);
  end();
  await batched.settled();
  expect(await inner.get("b")).toBe("more of b");
});
