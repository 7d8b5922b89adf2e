/** Writes that are gathered: what is put is stored, in order, and `settled` waits for no more than that. */
import { expect, test } from "vitest";
import { memoryStorage, type Storage } from "../../../sdk/device/mod.ts";
import { BatchedStorage } from "../../../sdk/device/storage/batched.ts";
import { settle } from "./fake/clock.ts";

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
  const batched = new BatchedStorage(storage, () => {});
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
  const batched = new BatchedStorage(storage, () => {});
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
