/** What is over the quota of an app that asks for a queue: tokens of the future. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type LeaseAnswer,
  QuotaBucket,
  type SendClass,
  type StoredQuota,
  type TokenUse,
} from "../../../core/app/quota.ts";
import { QuotaLeases } from "../../../core/app/quota-leases.ts";
import { fuzz, fuzzTimeoutMs } from "../support/fuzz.ts";

const NOW = 1_793_491_200_000;
const QUOTA = { perSecond: 10, burst: 8, queueSeconds: 2 };

class Owner {
  row: StoredQuota;
  bucket: QuotaBucket;

  constructor(quota = QUOTA) {
    this.row = { ...quota, fullAt: NOW, leasedUntil: 0 };
    this.bucket = this.load(NOW);
  }

  load(now: number): QuotaBucket {
    const setQuota = (row: StoredQuota | null) => {
      if (row !== null) this.row = row;
    };
    this.bucket = new QuotaBucket({ setQuota }, this.row, now);
    return this.bucket;
  }

  take(sendClass: SendClass, ms: number, { mayWait = true, extra = 0, spend = 1 } = {}) {
    const use: TokenUse = { sendClass, mayWait };
    return this.bucket.take({ spend, extra, ended: [], use }, NOW + ms);
  }
}

/** When it may be sent, milliseconds from the start; null if it was refused. */
const timeOf = ({ isGranted, at }: LeaseAnswer, ms: number): number | null =>
  isGranted ? (at ?? NOW + ms) - NOW : null;

test("S68 what is over the quota gets the next token that is free, in the order in which it came", () => {
  const owner = new Owner();
  const times = Array.from({ length: 10 }, () => timeOf(owner.take("normal", 0), 0));
  // Two of eight are left to those of high priority.
  expect(times).toEqual([0, 0, 0, 0, 0, 0, 100, 200, 300, 400]);
  expect(timeOf(owner.take("normal", 250), 250)).toBe(500);
});

test("S69 at the end of the queue a send is refused, with the time until there is a place, exact to the millisecond", () => {
  const owner = new Owner();
  for (let n = 0; n < 6 + 20; n++) expect(owner.take("normal", 0).isGranted).toBe(true);
  const refused = owner.take("normal", 0);
  expect(refused.isGranted).toBe(false);
  const edge = new QuotaLeases();
  const use: TokenUse = { sendClass: "normal", mayWait: true };
  edge.answered(refused, use, 0, 0);
  expect(edge.waitMs(0, use)).toBe(100);
  expect(owner.take("normal", 99).isGranted).toBe(false);
  expect(timeOf(owner.take("normal", 100), 100)).toBe(2_100);
  // Those of another priority have a place, and are asked for.
  expect(edge.waitMs(0, { ...use, sendClass: "high" })).toBe(0);
});

test("S70 those of high priority come before what is queued, and those of low priority and broadcasts after it", () => {
  const owner = new Owner();
  for (let n = 0; n < 10; n++) owner.take("normal", 0);
  // As many as the others leave; beyond, they are queued, with those of normal priority.
  const high = Array.from({ length: 4 }, () => timeOf(owner.take("high", 0), 0));
  expect(high).toEqual([0, 0, 700, 800]);
  expect(timeOf(owner.take("low", 0), 0)).toBe(1_100);
  expect(timeOf(owner.take("broadcast", 0, { mayWait: false }), 0)).toBeNull();
  const fresh = new Owner();
  for (let n = 0; n < 6; n++) fresh.take("normal", 0);
  // Each class leaves something to those before it.
  for (const at of [0, 0, 300]) expect(timeOf(fresh.take("high", 0), 0)).toBe(at);
  // Those that were taken are back when the queue has come to their places.
  expect(timeOf(fresh.take("high", 350), 350)).toBe(350);
});

test("S70 without a queue, all priorities have the whole burst", () => {
  const { queueSeconds: _, ...plain } = QUOTA;
  const owner = new Owner(plain as typeof QUOTA);
  for (let n = 0; n < 8; n++) expect(timeOf(owner.take("low", 0), 0)).toBe(0);
  expect(owner.take("high", 0).isGranted).toBe(false);
});

test("S68 what is for those that are there now does not wait: it is refused until there is a token", () => {
  const owner = new Owner();
  for (let n = 0; n < 10; n++) owner.take("normal", 0);
  const refused = owner.take("normal", 0, { mayWait: false });
  expect(refused.isGranted).toBe(false);
  expect(timeOf(owner.take("normal", 500, { mayWait: false }), 500)).toBe(500);
});

test("S68 a kill forgets no place in the queue", () => {
  const owner = new Owner();
  for (let n = 0; n < 16; n++) owner.take("normal", 0);
  owner.load(NOW + 1);
  // What is stored is ahead, so the next comes later than it would have.
  expect(timeOf(owner.take("normal", 1), 1)).toBeGreaterThanOrEqual(1_100);
});

test("S68 many tokens of one request are granted together or not at all, and the last of them is there at the time that is told", () => {
  const owner = new Owner();
  expect(timeOf(owner.take("normal", 0, { spend: 16 }), 0)).toBe(1_000);
  expect(owner.take("normal", 0, { spend: 11 }).isGranted).toBe(false);
  expect(timeOf(owner.take("normal", 0, { spend: 10 }), 0)).toBe(2_000);
});

test("S68 while there is a queue nothing is leased, so that no edge sends past it", () => {
  const owner = new Owner({ perSecond: 100, burst: 80, queueSeconds: 10 });
  owner.take("normal", 0, { spend: 40 });
  expect(owner.take("normal", 0, { extra: 50 }).lease).toBeNull();
  for (let n = 0; n < 60; n++) expect(owner.take("normal", 0, { extra: 50 }).lease).toBeNull();
  expect(new Owner().take("normal", 0, { extra: 50 }).lease?.tokens).toBe(1);
});

test(
  "S47 S68 S70 whatever is queued, and whatever is killed: in any time of T there are at most burst + rate × T, and each class is sent in order",
  () => {
    const step = fc.record({
      afterMs: fc.integer({ min: 0, max: 400 }),
      sendClass: fc.constantFrom<SendClass>("high", "normal", "low", "broadcast"),
      mayWait: fc.boolean(),
      killed: fc.boolean(),
    });
    const quota = fc.record({
      perSecond: fc.constantFrom(0.5, 3, 10, 77),
      burst: fc.integer({ min: 1, max: 20 }),
      queueSeconds: fc.integer({ min: 1, max: 10 }),
    });
    fc.assert(
      fc.property(quota, fc.array(step, { maxLength: 200 }), (quota, steps) => {
        const owner = new Owner(quota);
        let ms = 0;
        const sent: number[] = [];
        const last = new Map<string, number>();
        for (const { afterMs, sendClass, mayWait, killed } of steps) {
          ms += afterMs;
          if (killed) owner.load(NOW + ms);
          const at = timeOf(owner.take(sendClass, ms, { mayWait }), ms);
          if (at === null) continue;
          expect(at - ms).toBeLessThanOrEqual(mayWait ? quota.queueSeconds * 1_000 + 1 : 0);
          expect(at).toBeGreaterThanOrEqual(last.get(sendClass) ?? 0);
          last.set(sendClass, at);
          sent.push(at);
        }
        sent.sort((a, b) => a - b);
        for (let from = 0; from < sent.length; from++)
          for (let to = from; to < sent.length; to++) {
            const span = (sent[to] ?? 0) - (sent[from] ?? 0) + 1;
            const most = quota.burst + (span * quota.perSecond) / 1_000;
            expect(to - from + 1).toBeLessThanOrEqual(most + 1e-6);
          }
      }),
      fuzz(300),
    );
  },
  fuzzTimeoutMs(300),
);
