import { describe, expect, it } from "vitest";
import { ALL_RIGHTS } from "../../core/app/app.ts";
import { OPEN_POLICY } from "../../core/trust/policy.ts";
import { AppCache } from "../../worker/signature/app-cache.ts";
import type { LoadedApp } from "../../worker/signature/keys.ts";

const TRUST = { version: 1, policy: OPEN_POLICY, keys: [], revoked: [], closedTags: [] };

const record = (...keyIds: string[]): LoadedApp => ({
  keys: new Map(
    keyIds.map((keyId) => [
      keyId,
      {
        ...{ algorithm: "hmac-sha256" as const, verify: async () => true },
        ...{ app: new Uint8Array(8), keyId, trust: TRUST, quota: null, lastUsedAt: null },
        ...ALL_RIGHTS,
      },
    ]),
  ),
  trust: TRUST,
});

/** A cache of two apps with a clock to turn, and the loads it asked for. */
function setUp() {
  const clock = { now: 1_000_000 };
  const timers = new Set<{ readonly at: number; readonly act: () => void }>();
  const loads: string[] = [];
  const cache = new AppCache({
    ttlMs: 30_000,
    refreshMs: 20_000,
    missTtlMs: 2_000,
    reloadMs: 1_000,
    count: 2,
    now: () => clock.now,
    after: (ms, act) => {
      const timer = { at: clock.now + ms, act };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  });
  /** Lets time pass, with the timers that are due in it. */
  const pass = (ms: number) => {
    clock.now += ms;
    for (const timer of timers) if (timer.at <= clock.now && timers.delete(timer)) timer.act();
  };
  const get = (appId: string, answer: LoadedApp | null = record("k1"), keyId = "k1") =>
    cache.get(appId, keyId, async () => {
      loads.push(appId);
      return answer;
    });
  return { cache, clock, loads, get, pass, timers };
}

describe("the cache of app records", () => {
  it("loads an app once within its time, and again after it", async () => {
    const { clock, loads, get } = setUp();
    await get("a");
    clock.now += 19_999;
    await get("a");
    expect(loads).toEqual(["a"]);
    clock.now += 10_001;
    await get("a");
    expect(loads).toEqual(["a", "a"]);
  });

  describe("P8.9 of a load that hangs", () => {
    const never = () => new Promise<LoadedApp | null>(() => {});

    it("each who waits is told after 5 s, and the next to ask begins another", async () => {
      const { cache, pass, get, timers } = setUp();
      const waiting = [cache.get("a", "k1", never), cache.get("a", "k1", never)];
      const settled = Promise.allSettled(waiting);
      pass(4_999);
      waiting.push(cache.get("a", "k1", never));
      pass(1);
      const overloaded = { status: "rejected", reason: { code: "overloaded" } };
      expect(await settled).toMatchObject([overloaded, overloaded]);
      expect(await get("a")).not.toBeNull();
      // The third has waited for 1 ms of its own time.
      pass(4_999);
      await expect(waiting[2]).rejects.toMatchObject({ code: "overloaded" });
      expect(timers.size).toBe(0);
    });

    it("the record in hand is used meanwhile, for as long as it may be, and nobody waits", async () => {
      const { cache, pass, get } = setUp();
      const good = await get("a");
      pass(20_000);
      let begun = 0;
      const hanging = () => {
        begun++;
        return never();
      };
      for (let n = 0; n < 3; n++) expect(await cache.get("a", "k1", hanging)).toBe(good);
      expect(begun).toBe(1);
      pass(5_000);
      expect(await cache.get("a", "k1", hanging)).toBe(good);
      expect(begun).toBe(2);
      // Not longer: a key that was revoked 30 s ago must not work.
      pass(5_000);
      const late = expect(cache.get("a", "k1", hanging)).rejects.toMatchObject({
        code: "overloaded",
      });
      pass(5_000);
      await late;
    });

    it("an answer that comes after another was asked for is not kept", async () => {
      const { cache, pass, get } = setUp();
      const { promise, resolve } = Promise.withResolvers<LoadedApp | null>();
      const first = cache.get("a", "k1", () => promise).catch(() => "late");
      pass(5_000);
      const second = await get("a", record("k1", "k2"));
      resolve(record("k1"));
      await first;
      expect(await get("a")).toBe(second);
    });
  });

  it("loads a record anew from 20 s on while it is used, and uses the new one", async () => {
    const { loads, get, pass } = setUp();
    const first = await get("a");
    pass(20_000);
    const fresh = record("k1");
    expect(await get("a", fresh)).toBe(first);
    expect(await get("a")).toBe(fresh);
    expect(loads).toEqual(["a", "a"]);
  });

  it("P1.6 P7.6 loads it again where the clock was set back", async () => {
    const { clock, loads, get } = setUp();
    await get("a");
    clock.now -= 3_600_000;
    await get("a");
    await get("a");
    expect(loads).toEqual(["a", "a"]);
  });

  it("P8.1 shares one load among all that miss together", async () => {
    const { cache, loads } = setUp();
    const { promise, resolve } = Promise.withResolvers<LoadedApp | null>();
    const load = () => {
      loads.push("a");
      return promise;
    };
    const answers = Array.from({ length: 100 }, () => cache.get("a", "k1", load));
    const app = record("k1");
    resolve(app);
    expect(new Set(await Promise.all(answers))).toEqual(new Set([app]));
    expect(loads).toEqual(["a"]);
  });

  it("remembers for a short time that there is no such app", async () => {
    const { clock, loads, get } = setUp();
    expect(await get("a", null)).toBeNull();
    clock.now += 1_999;
    expect(await get("a", null)).toBeNull();
    expect(loads.length).toBe(1);
    clock.now += 1;
    expect(await get("a")).not.toBeNull();
  });

  it("P8.1 reloads for a key it lacks, no more than once a second", async () => {
    const { clock, loads, get } = setUp();
    await get("a");
    for (let n = 0; n < 50; n++) await get("a", record("k1"), "k2");
    expect(loads.length).toBe(1);
    clock.now += 1_000;
    for (let n = 0; n < 50; n++) await get("a", record("k1", "k2"), "k2");
    expect(loads.length).toBe(2);
  });

  it("P8.1 keeps so many apps, and drops the least recently used", async () => {
    const { loads, get } = setUp();
    for (const appId of ["a", "b", "a", "c", "a", "b"]) await get(appId);
    expect(loads).toEqual(["a", "b", "c", "b"]);
  });

  it("does not remember a failure, be it thrown or a rejection", async () => {
    const { cache, loads, get } = setUp();
    const rejecting = async () => Promise.reject(new Error("away"));
    await expect(cache.get("a", "k1", rejecting)).rejects.toThrow("away");
    const throwing = () => {
      throw new Error("forged");
    };
    await expect(cache.get("a", "k1", throwing)).rejects.toThrow("forged");
    await get("a");
    expect(loads).toEqual(["a"]);
  });

  it("P7.6 forgets an app that was being loaded when its key was revoked", async () => {
    const { cache, loads, get } = setUp();
    const { promise, resolve } = Promise.withResolvers<LoadedApp | null>();
    const stale = cache.get("a", "k1", () => promise);
    cache.forget("a");
    resolve(record("k1"));
    await stale;
    await get("a", record());
    expect(loads).toEqual(["a"]);
  });
});
