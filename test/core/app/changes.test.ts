import { expect, test, vi } from "vitest";
import { type ChangeStore, type SignedChange, SignedChanges } from "../../../core/app/changes.ts";
import { LIMITS } from "../../../schema/limits.ts";

class MemoryChanges implements ChangeStore {
  readonly rows = new Map<number, SignedChange>();
  written = 0;

  *listChanges() {
    for (const [slot, change] of this.rows) yield { slot, ...change };
  }

  putChange(slot: number, change: SignedChange): void {
    this.rows.set(slot, change);
    this.written++;
  }

  dropChanges(): void {
    this.rows.clear();
  }
}

const NOW = 1_793_491_200_000;

test("A6 a signed change is begun once while its signature is good, also after a kill, for one row", () => {
  const store = new MemoryChanges();
  const first = new SignedChanges(store);
  expect(first.begin({ id: "a", at: NOW })).toBe("begun");
  expect(first.begin({ id: "b", at: NOW + 1 })).toBe("begun");
  expect(first.begin({ id: "a", at: NOW + 2 })).toBe("replayed");
  const second = new SignedChanges(store);
  // A clock that was set back makes no copy good.
  for (const at of [NOW - 60_000, NOW + LIMITS.REPLAY_MS - 1])
    expect(second.begin({ id: "a", at })).toBe("replayed");
  expect(store.written).toBe(2);
  expect(second.begin({ id: "c", at: NOW + LIMITS.REPLAY_MS })).toBe("begun");
  // In the place of the one that was over.
  expect([...store.rows.values()].map(({ id }) => id)).toEqual(["c", "b"]);
});

test("A6 every change is known for as long as its signature is good, whatever the ring has grown to", () => {
  const store = new MemoryChanges();
  let changes = new SignedChanges(store);
  const begun: SignedChange[] = [];
  let at = NOW;
  for (let n = 0; n < 3_000; n++) {
    // Bursts and pauses, so that places are given anew while the ring grows.
    at += n % 100 === 0 ? LIMITS.REPLAY_MS / 3 : n % 7;
    const change = { id: `${n}`, at };
    expect(changes.begin(change)).toBe("begun");
    begun.push(change);
    if (n % 500 === 0) changes = new SignedChanges(store);
  }
  for (const change of begun.filter((one) => at - one.at < LIMITS.REPLAY_MS))
    expect(changes.begin({ id: change.id, at })).toBe("replayed");
  expect(store.rows.size).toBeLessThan(700);
});

test("P6.7 after a burst the ring shrinks, and forgets nothing that a copy could undo", () => {
  const store = new MemoryChanges();
  const burst = new SignedChanges(store);
  for (let n = 0; n < 3_000; n++) burst.begin({ id: `${n}`, at: NOW + n });
  // The first 1,600 are over by now.
  const at = NOW + LIMITS.REPLAY_MS + 1_600;
  store.written = 0;
  const woken = new SignedChanges(store);
  expect(woken.begin({ id: "2999", at })).toBe("replayed");
  expect(store.rows.size).toBe(1_399);
  expect(store.written).toBe(1_399);
  for (let n = 1_601; n < 3_000; n++) expect(woken.begin({ id: `${n}`, at })).toBe("replayed");
  expect(new SignedChanges(store).begin({ id: "later", at: at + 4 * LIMITS.REPLAY_MS })).toBe(
    "begun",
  );
  expect(store.rows.size).toBe(1);
});

test("P8.1 takes so many within the life of a signature, and not one more", () => {
  const store = new MemoryChanges();
  const changes = new SignedChanges(store);
  for (let n = 0; n < LIMITS.SIGNED_CHANGES; n++) changes.begin({ id: `${n}`, at: NOW });
  expect(store.rows.size).toBe(LIMITS.SIGNED_CHANGES);
  expect(changes.begin({ id: "more", at: NOW + LIMITS.REPLAY_MS - 1 })).toBe("full");
  expect(changes.begin({ id: "more", at: NOW + LIMITS.REPLAY_MS })).toBe("begun");
  expect(store.rows.size).toBe(LIMITS.SIGNED_CHANGES);
});

test("A6 a change that cannot be noted was not begun, and is begun when it comes again", () => {
  const store = new MemoryChanges();
  const changes = new SignedChanges(store);
  expect(changes.begin({ id: "a", at: NOW })).toBe("begun");
  const put = vi.spyOn(store, "putChange").mockImplementation(() => {
    throw new Error("disk is full");
  });
  // In a new place, and in that of one that is over.
  for (const at of [NOW, NOW + LIMITS.REPLAY_MS])
    expect(() => changes.begin({ id: "b", at })).toThrow("disk is full");
  put.mockRestore();
  expect(changes.begin({ id: "a", at: NOW })).toBe("replayed");
  expect(changes.begin({ id: "b", at: NOW })).toBe("begun");
});
