import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type LeaseAnswer,
  QuotaBucket,
  type StoredQuota,
  type TokenUse,
} from "../../../core/app/quota.ts";
import { QuotaLeases } from "../../../core/app/quota-leases.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { fuzz, fuzzTimeoutMs } from "../support/fuzz.ts";

const NOW = 1_793_491_200_000;
const NORMAL: TokenUse = { sendClass: "normal", mayWait: true };

/** An app's object: what is stored survives a kill, what is in memory does not. */
class Owner {
  row: StoredQuota;
  writes = 0;
  bucket: QuotaBucket;

  constructor(perSecond: number, burst: number, now = NOW) {
    this.row = { perSecond, burst, fullAt: now, leasedUntil: 0 };
    this.bucket = this.load(now);
  }

  load(now: number): QuotaBucket {
    const setQuota = (row: StoredQuota | null) => {
      if (row !== null) this.row = row;
      this.writes++;
    };
    this.bucket = new QuotaBucket({ setQuota }, this.row, now);
    return this.bucket;
  }

  take(spend: number, now: number, extra = 0, ended: readonly string[] = []): LeaseAnswer {
    return this.bucket.take({ spend, extra, ended }, now);
  }
}

test("S47 a bucket grants its burst at once, and then its rate, to the millisecond", () => {
  const owner = new Owner(10, 5);
  for (let n = 0; n < 5; n++) expect(owner.take(1, NOW).isGranted).toBe(true);
  const refused = owner.take(1, NOW);
  expect(refused).toMatchObject({ isGranted: false, level: 0 });
  expect(owner.take(1, NOW + 99).isGranted).toBe(false);
  expect(owner.take(1, NOW + 100).isGranted).toBe(true);
  expect(owner.take(1, NOW + 199).isGranted).toBe(false);
  // A pause of a day fills one burst, not more.
  for (let n = 0; n < 5; n++) expect(owner.take(1, NOW + 86_400_000).isGranted).toBe(true);
  expect(owner.take(1, NOW + 86_400_000).isGranted).toBe(false);
});

test("S47 a lease keeps its place in the bucket until it ends or expires", () => {
  const owner = new Owner(100, 100);
  const { lease, level } = owner.take(1, NOW, 1_000);
  expect([lease?.tokens, level]).toEqual([25, 74]);
  // Others have the rest of the burst, and no lease: a quarter of it is all that may be leased.
  expect(owner.take(1, NOW, 1_000).lease).toBeNull();
  // The bucket fills up beside the lease.
  expect(owner.take(0, NOW + LIMITS.QUOTA_LEASE_MS - 1).level).toBe(75);
  expect(owner.take(0, NOW + LIMITS.QUOTA_LEASE_MS + 10).level).toBeCloseTo(76);
  const again = owner.take(1, NOW + 3_000, 1_000);
  expect(owner.take(0, NOW + 3_500).level).toBe(75);
  owner.take(0, NOW + 3_500, 0, [`${again.lease?.id}`]);
  expect(owner.take(0, NOW + 4_000).level).toBe(100);
});

test("S47 a kill forgets no grant and no lease, for a row in the time of a burst", () => {
  const owner = new Owner(100, 100);
  let sent = 0;
  for (let ms = 0; ms < 20_000; ms += 10) if (owner.take(1, NOW + ms).isGranted) sent++;
  expect(sent).toBe(2_000);
  expect(owner.writes).toBeLessThanOrEqual(21);
  owner.take(1, NOW + 20_000, 100);
  expect(owner.row.leasedUntil).toBeGreaterThanOrEqual(NOW + 20_000 + LIMITS.QUOTA_LEASE_MS);
  // What the killed one may have leased is missing from the bucket for as long as it can be spent.
  owner.row = { ...owner.row, fullAt: NOW + 20_000, leasedUntil: NOW + 21_500 };
  owner.load(NOW + 20_001);
  expect(owner.take(0, NOW + 21_499).level).toBe(75);
  expect(owner.take(0, NOW + 22_000).level).toBe(100);
});

test("S48 an object that starts anew soon after it was used has its burst back in the time of a burst", () => {
  for (const [perSecond, burst, soonMs] of [
    [4, 1, 750],
    [1, 10, 10_000 + 5_000],
    [10, 20, 4_000],
  ] as const) {
    const owner = new Owner(perSecond, burst);
    for (let n = 0; n < burst; n++) expect(owner.take(1, NOW).isGranted).toBe(true);
    owner.load(NOW + soonMs);
    expect(owner.take(0, NOW + soonMs).level).toBe(burst);
  }
});

test("S47 a clock that is set back fills nothing, and locks nobody out", () => {
  const owner = new Owner(1, 10);
  for (let n = 0; n < 10; n++) owner.take(1, NOW);
  const back = NOW - 86_400_000;
  expect(owner.take(1, back).isGranted).toBe(false);
  expect(owner.take(1, back + 1_000).isGranted).toBe(true);
  expect(owner.take(1, back + 1_001).isGranted).toBe(false);
  // Also over a kill: at worst it starts empty.
  owner.load(back + 2_000);
  expect(owner.take(1, back + 2_000).isGranted).toBe(false);
  expect(owner.take(1, back + 3_000).isGranted).toBe(true);
});

test("S47 setting a quota again grants nothing", () => {
  const owner = new Owner(1, 10);
  for (let n = 0; n < 10; n++) owner.take(1, NOW);
  for (const burst of [10, 10, 20, 10]) {
    owner.row = owner.bucket.as({ perSecond: 1, burst }, NOW);
    owner.load(NOW);
  }
  expect(owner.take(0, NOW).level).toBeLessThanOrEqual(0);
});

/** An edge that sends when it may, over calls that take time and fail. */
interface Edge {
  leases: QuotaLeases;
  calls: number;
}

const step = fc.record({
  edge: fc.nat(4),
  /** Until the next step. */
  afterMs: fc.oneof(fc.constant(0), fc.nat(5), fc.nat(200), fc.nat(6_000)),
  sends: fc.integer({ min: 1, max: 30 }),
  callMs: fc.oneof(fc.constant(0), fc.nat(20), fc.nat(4_000)),
  fault: fc.oneof(
    { weight: 12, arbitrary: fc.constant("none" as const) },
    { weight: 1, arbitrary: fc.constantFrom("request lost", "answer lost", "repeated") },
    { weight: 1, arbitrary: fc.constantFrom("owner killed", "edge killed", "clock back") },
  ),
});

test(
  "S47 no window has more sends than the quota, with five edges, failing calls, kills and a clock that is set back",
  () => {
    const history = fc.record({
      perSecond: fc.constantFrom(0.5, 1, 7, 10, 100, 1_000),
      burst: fc.constantFrom(1, 2, 3, 10, 64, 500),
      steps: fc.array(step, { minLength: 20, maxLength: 200 }),
    });
    fc.assert(
      fc.property(history, ({ perSecond, burst, steps }) => {
        const owner = new Owner(perSecond, burst);
        const edges: Edge[] = Array.from({ length: 5 }, () => ({
          leases: new QuotaLeases(),
          calls: 0,
        }));
        const sentAt: number[] = [];
        /** Real time; the owner's clock may be behind it. */
        let now = 0;
        let skew = NOW;
        const pending: { readonly at: number; readonly act: () => void }[] = [];
        const until = (time: number) => {
          for (;;) {
            pending.sort((a, b) => a.at - b.at);
            const next = pending[0];
            if (next === undefined || next.at > time) break;
            pending.shift();
            now = Math.max(now, next.at);
            next.act();
          }
          now = Math.max(now, time);
        };
        for (const { edge: n, afterMs, sends, callMs, fault } of steps) {
          const edge = edges[n] as Edge;
          if (fault === "owner killed") owner.load(now + skew);
          if (fault === "edge killed") edge.leases = new QuotaLeases();
          if (fault === "clock back") skew -= 30_000;
          for (let send = 0; send < sends; send++) {
            if (edge.leases.spend(now)) {
              sentAt.push(now);
              continue;
            }
            if (edge.leases.waitMs(now, NORMAL) > 0) continue;
            edge.calls++;
            const { leases } = edge;
            const askedAt = now;
            const request = leases.request(1, NORMAL);
            if (fault === "request lost") continue;
            const arrive = () => {
              const answer = owner.bucket.take(request, now + skew);
              if (fault === "repeated") owner.bucket.take(request, now + skew);
              // The send of this request counts from here: its token is taken.
              if (answer.isGranted && fault !== "answer lost") sentAt.push(now);
              if (fault === "answer lost") return;
              pending.push({
                at: now + callMs,
                act: () => leases.answered(answer, NORMAL, askedAt, now),
              });
            };
            pending.push({ at: now + callMs, act: arrive });
            if (callMs === 0) until(now);
          }
          until(now + afterMs);
        }
        until(now + 10_000);
        // A window: from each send back to the one that leaves the most sends in it.
        sentAt.sort((a, b) => a - b);
        let slack: number = burst;
        let last = 0;
        for (const at of sentAt) {
          slack = Math.min(burst, slack + ((at - last) * perSecond) / 1_000);
          last = at;
          slack--;
          expect(slack).toBeGreaterThan(-1e-6);
        }
      }),
      fuzz(400),
    );
  },
  fuzzTimeoutMs(400),
);

test("S48 an edge that sends at half the rate is never refused, and asks once in many sends", () => {
  const owner = new Owner(100, 100);
  const edge = new QuotaLeases();
  let calls = 0;
  for (let ms = 0; ms < 60_000; ms += 20) {
    if (edge.spend(ms)) continue;
    calls++;
    const answer = owner.bucket.take(edge.request(1, NORMAL), NOW + ms);
    expect(answer.isGranted).toBe(true);
    edge.answered(answer, NORMAL, ms, ms);
  }
  expect(calls).toBeLessThan(3_000 / 15);
});

test("S48 two edges that ask for more than the rate share it fully, and the refused wait for the next token", () => {
  const owner = new Owner(100, 100);
  const edges = [new QuotaLeases(), new QuotaLeases()];
  let [sent, calls] = [0, 0];
  for (let ms = 0; ms < 60_000; ms += 2) {
    for (const edge of edges) {
      if (edge.spend(ms)) sent++;
      else if (edge.waitMs(ms, NORMAL) === 0) {
        calls++;
        const answer = owner.bucket.take(edge.request(1, NORMAL), NOW + ms);
        edge.answered(answer, NORMAL, ms, ms);
        if (answer.isGranted) sent++;
        else expect(edge.waitMs(ms, NORMAL)).toBeGreaterThan(0);
      }
    }
  }
  expect(sent).toBeGreaterThan(5_900);
  expect(sent).toBeLessThanOrEqual(6_100);
  expect(calls).toBeLessThan(6_000);
});

test("S48 the state counts what this edge has leased, and the time until the next token", () => {
  const owner = new Owner(2, 40);
  const edge = new QuotaLeases();
  expect(edge.state(0)).toBeNull();
  edge.answered(owner.bucket.take(edge.request(0, NORMAL), NOW), NORMAL, 0, 0);
  expect(edge.state(0)).toEqual({ quota: { perSecond: 2, burst: 40 }, left: 40, nextMs: 0 });
  edge.answered(owner.bucket.take(edge.request(1, NORMAL), NOW), NORMAL, 0, 0);
  expect(edge.state(0)).toMatchObject({ left: 39, nextMs: 500 });
  expect(edge.spend(0)).toBe(true);
  expect(edge.state(0)).toMatchObject({ left: 38 });
  expect(edge.state(1_000)).toMatchObject({ left: 40, nextMs: 0 });
  for (let n = 0; n < 50; n++)
    if (!edge.spend(1_000)) {
      const answer = owner.bucket.take(edge.request(1, NORMAL), NOW + 1_000);
      edge.answered(answer, NORMAL, 1_000, 1_000);
      if (!answer.isGranted) break;
    }
  expect(edge.state(1_000)).toMatchObject({ left: 0, nextMs: 500 });
  expect(edge.waitMs(1_250, NORMAL)).toBe(250);
});
