/** A log that reads a few of its rows knows what one knows that reads them all. */
import { describe, expect, test, vi } from "vitest";
import { Random } from "../../../bench/simulate/random.ts";
import type { LogEntry } from "../../../core/tag/calls/broadcast.ts";
import { findHead } from "../../../core/tag/log/head.ts";
import { Log } from "../../../core/tag/log/log.ts";
import { recallKey } from "../../../core/tag/log/recalled.ts";
import type { LogState } from "../../../core/tag/store.ts";
import { MemoryTagStore } from "./support/memory-tag-store.ts";
import { keyOf } from "./support/world.ts";

const SIZE = 16;

const entry = (position: number): LogEntry => ({
  position,
  seq: position * 2,
  expiresAt: 1_800_000_000_000,
  cover: ["news"],
  condition: null,
  filter: null,
  key: keyOf(position),
  lane: 2,
  contentType: 3,
  data: Uint8Array.of(position & 255),
  collapseKey: null,
  pace: null,
  signature: null,
});

const OUTCOMES = ["{}", "{}", "{}", '{"owing":[1]}', '{"owes":["a"]}', '{"owingNodes":{"a":{}}}'];

/** A log that is opened anew at each step, as a node that falls asleep between any two. */
class Rig {
  readonly store = new MemoryTagStore();
  born: number;
  log: Log;

  constructor(born: number) {
    this.born = born;
    this.log = this.open();
  }

  open(isGapless = true): Log {
    return new Log({
      ...{ store: this.store, size: SIZE, born: this.born, isGapless },
      onGap: (born) => {
        this.born = born;
      },
    });
  }

  /** As it was before a log said what is open. */
  openOld(): Log {
    const old = new Rig(this.born);
    for (const { header, state } of this.store.listLog()) {
      const data = this.store.readData(header.position % SIZE, header.position);
      const { bytes: _, ...rest } = header;
      const { openFrom: __, ...written } = state ?? { openFrom: null };
      const then = state === null ? null : (written as LogState);
      old.store.putEntry(header.position % SIZE, { ...rest, data: data ?? new Uint8Array() }, then);
    }
    return old.open(false);
  }
}

/** @param from those before have left the ring of the one that goes on, which has begun what is not stored */
const look = (log: Log, from: number) => ({
  head: log.head,
  last: log.lastServed?.position,
  open: log.unsettled.map(({ position }) => position).filter((position) => position >= from),
  unserved: log.unserved.map(({ position }) => position),
  headers: [...log.headers()].map(({ position }) => position),
});

/** The next write of this kind fails. */
function failOnce(store: MemoryTagStore, method: "putEntry" | "writeState"): void {
  vi.spyOn(store, method).mockImplementationOnce(() => {
    throw new Error("disk is full");
  });
}

describe("the log of a node", () => {
  test.each(["root", "node"])(
    "P6.7 of a %s: one that reads what it needs knows what one knows that reads all",
    (kind) => {
      const isRoot = kind === "root";
      for (let seed = 1; seed <= 12; seed++) {
        const random = new Random(seed);
        const next = () => random.uniform();
        const rig = new Rig(Math.floor(next() * 100));
        for (let step = 0; step < 80; step++) {
          const { log } = rig;
          const unserved = log.unserved.map(({ position }) => position);
          const served = [...log.headers()].flatMap(({ position }) =>
            log.state(position) === null ? [] : position,
          );
          const outcome = OUTCOMES[Math.floor(next() * OUTCOMES.length)] ?? "{}";
          const state = { attached: "AQ", failed: [], outcome };
          const draw = next();
          const any = (of: readonly number[]) => of[Math.floor(next() * of.length)];
          if (draw < 0.5 && unserved.length < 5) {
            const skipped = !isRoot && next() < 0.05 ? 1 + Math.floor(next() * 20) : 0;
            log.append(entry(log.head + 1 + skipped), isRoot);
          } else if (draw < 0.85) {
            const position = isRoot ? any(unserved) : unserved[0];
            if (position !== undefined) log.recordOutcome(position, state);
          } else if (draw < 0.95) {
            const position = any(served);
            if (position !== undefined) log.recordOutcome(position, state);
          }
          const where = `seed ${seed}, step ${step}`;
          const from = log.head - SIZE + 1;
          const all = look(rig.openOld(), from);
          expect(look(rig.open(), from), where).toEqual(all);
          const near = rig.open();
          near.expectHead(rig.born + Math.floor(next() * 90));
          expect(look(near, from), where).toEqual(all);
          if (next() < 0.2) rig.log = rig.open();
        }
      }
    },
    60_000,
  );

  test("P6.7 that was opened knows its head by 8 rows of 128, and by 2 where it is said to be", () => {
    for (const [size, most] of [
      [128, 8],
      [1_024, 11],
    ] as const) {
      for (const born of [0, 77, 1_790_000_000_000]) {
        for (let head = born; head < born + 3 * size; head += 37) {
          let reads = 0;
          const at = (position: number) => {
            reads++;
            const behind = (((head - position) % size) + size) % size;
            return head - behind > born ? head - behind : undefined;
          };
          expect(findHead({ born, size, at }, born)).toBe(head);
          expect(reads).toBeLessThanOrEqual(most + 1);
          reads = 0;
          expect(findHead({ born, size, at }, head)).toBe(head);
          expect(reads).toBeLessThanOrEqual(2);
          for (const near of [0, head - 3, head + 5, head - 2 * size])
            expect(findHead({ born, size, at }, near)).toBe(head);
        }
      }
    }
  });

  test("B21 what cannot be written has not come: it is not in memory, and comes when it is sent again", () => {
    const rig = new Rig(0);
    const { log, store } = rig;
    log.append(entry(1), true);
    const before = look(log, 0);
    expect(log.find(keyOf(2))).toBeUndefined();
    failOnce(store, "putEntry");
    expect(() => log.append(entry(2), true)).toThrow("disk is full");
    expect(look(log, 0)).toEqual(before);
    expect(log.find(keyOf(2))).toBeUndefined();
    log.append(entry(2), true);
    expect(look(log, 0)).toEqual(look(rig.open(), 0));
    expect(log.find(keyOf(2))?.position).toBe(2);
  });

  test.each([
    ["writeState", true],
    ["putEntry", false],
  ] as const)("B15 an end that cannot be written (%s) is not told", (method, isRoot) => {
    const { log, store } = new Rig(0);
    log.append(entry(1), isRoot);
    const before = look(log, 0);
    const state = { attached: "AQ", failed: [], outcome: "{}" };
    failOnce(store, method);
    expect(() => log.recordOutcome(1, state)).toThrow("disk is full");
    expect(look(log, 0)).toEqual(before);
    expect(log.state(1)).toBeNull();
    log.recordOutcome(1, state);
    expect(log.state(1)).toMatchObject(state);
    expect(log.unserved).toEqual([]);
  });
});

test("X4 a recall costs a row for the recalled, whose content is gone, and whose outcome stays, over a sleep", () => {
  const rig = new Rig(0);
  for (const position of [1, 2]) rig.log.append(entry(position), true);
  rig.log.recordOutcome(1, { attached: "", failed: [], outcome: "{}" });
  const { rows } = rig.store;
  rig.log = rig.open();
  rig.log.append({ ...entry(3), recalls: entry(1).seq, key: recallKey(keyOf(1)) }, true);
  expect(rig.store.rows - rows).toBe(2);
  for (const log of [rig.log, rig.open()]) {
    expect(log.entry(1)?.data).toHaveLength(0);
    expect(log.state(1)?.outcome).toBe("{}");
    expect(log.page(0, 0).entries.map(({ position }) => position)).toEqual([2, 3]);
    expect(log.find(keyOf(1))?.recalledAt).toBeGreaterThan(0);
  }
});

test("X4 the recall of one that the log has forgotten leaves a newer one with its key alone", () => {
  const rig = new Rig(0);
  rig.log.append(entry(1), true);
  const forgotten = entry(1).seq - 1;
  rig.log.append({ ...entry(2), recalls: forgotten, key: recallKey(keyOf(1)) }, true);
  expect(rig.log.entry(1)?.data).toHaveLength(1);
  expect(rig.log.header(1)?.recalledAt).toBeUndefined();
});
