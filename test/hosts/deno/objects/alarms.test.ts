/** Alarms of many devices on one timer: each rings, at least once, whatever fails or restarts. */
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { Alarms, EARLIEST } from "../../../../hosts/deno/objects/alarms.ts";
import type { Database } from "../../../../hosts/deno/store/database.ts";
import { SharedDeviceStore } from "../../../../hosts/deno/store/device-store.ts";
import { spoil } from "../support/disk.ts";
import { databasePath, openDatabase } from "../support/mesh.ts";
import { fakeTime } from "../support/time.ts";

const START_MS = 1_793_491_200_000;

beforeEach(() => fakeTime(START_MS));
afterEach(() => {
  vi.useRealTimers();
});

interface Rig {
  readonly rung: string[];
  readonly alarms: Alarms;
  /** Sets a device's alarm, this many milliseconds from now. */
  set(name: string, inMs: number): SharedDeviceStore;
}

/** Alarms whose ring clears them, as a device does. */
function rig(db: Database, ring: (name: string) => void = () => {}): Rig {
  const rung: string[] = [];
  const alarms = new Alarms(db, EARLIEST.devices, async (name) => {
    new SharedDeviceStore(db, name).clearAlarm();
    rung.push(name);
    ring(name);
  });
  onTestFinished(() => alarms.stop());
  const set = (name: string, inMs: number): SharedDeviceStore => {
    const store = new SharedDeviceStore(db, name);
    store.writeAccount({ publicKey: "p", generation: 1, createdAt: 1 });
    alarms.expect(store, Date.now() + inMs);
    return store;
  };
  return { rung, alarms, set };
}

describe("alarms", () => {
  test("P4.5 an alarm rings when it is due, not before, and once", async () => {
    const { rung, set } = rig(openDatabase());
    set("a", 5_000);
    set("b", 1_000);
    await vi.advanceTimersByTimeAsync(999);
    expect(rung).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(rung).toEqual(["b"]);
    await vi.advanceTimersByTimeAsync(4_000);
    expect(rung).toEqual(["b", "a"]);
    await vi.advanceTimersByTimeAsync(86_400_000);
    expect(rung).toEqual(["b", "a"]);
  });

  test("an alarm moves earlier, never later: later is a row for nothing", async () => {
    const { rung, alarms, set } = rig(openDatabase());
    const store = set("a", 5_000);
    alarms.expect(store, Date.now() + 9_000);
    alarms.expect(store, null);
    expect(store.alarmAt).toBe(START_MS + 5_000);
    alarms.expect(store, Date.now() + 2_000);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(rung).toEqual(["a"]);
  });

  test("P1.2 P4.5 after a restart what is overdue rings at once, and the rest in time", async () => {
    const path = databasePath();
    const db = openDatabase(path);
    const before = rig(db);
    before.set("a", 1_000);
    before.set("b", 60_000);
    db.commit();
    before.alarms.stop();
    await vi.advanceTimersByTimeAsync(30_000);
    expect(before.rung).toEqual([]);
    const { rung, alarms } = rig(openDatabase(path));
    alarms.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(rung).toEqual(["a"]);
    await vi.advanceTimersByTimeAsync(29_999);
    expect(rung).toEqual(["a"]);
    await vi.advanceTimersByTimeAsync(1);
    expect(rung).toEqual(["a", "b"]);
  });

  test("P8.1 many that are due at once are rung a hundred a turn", async () => {
    const { rung, set } = rig(openDatabase());
    for (let i = 0; i < 250; i++) set(`${i}`, 1_000);
    const seen: number[] = [];
    await vi.advanceTimersByTimeAsync(1_000);
    seen.push(rung.length);
    while (vi.getTimerCount() > 0) {
      await vi.advanceTimersToNextTimerAsync();
      seen.push(rung.length);
    }
    expect(seen[0]).toBe(100);
    expect(seen.at(-1)).toBe(250);
    expect(new Set(rung).size).toBe(250);
    expect(Date.now() - START_MS).toBeLessThan(1_100);
  });

  test("a ring that fails is rung again, and holds up no other", async () => {
    const db = openDatabase();
    let broken = true;
    const { rung, alarms, set } = rig(db, (name) => {
      if (name !== "bad" || !broken) return;
      // Nothing of a handler that fails is stored: its alarm stands.
      new SharedDeviceStore(db, name).setAlarm(START_MS + 1_000);
      throw new Error("the disk");
    });
    set("bad", 1_000);
    set("good", 1_000);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(rung.toSorted()).toEqual(["bad", "good"]);
    broken = false;
    await vi.advanceTimersByTimeAsync(1_999);
    expect(rung).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(rung.slice(2)).toEqual(["bad"]);
    alarms.stop();
  });

  test("P4.5 an alarm whose row goes with a later write rings once, and one that is set meanwhile rings in time", async () => {
    const db = openDatabase();
    const rung: number[] = [];
    const alarms = new Alarms(db, EARLIEST.devices, async () => {
      rung.push(Date.now() - START_MS);
      db.defer(() => {});
    });
    onTestFinished(() => alarms.stop());
    const store = new SharedDeviceStore(db, "a");
    store.writeAccount({ publicKey: "p", generation: 1, createdAt: 1 });
    alarms.expect(store, START_MS + 1_000);
    for (let timers = 0; timers < 20 && Date.now() < START_MS + 2_000; timers++)
      await vi.advanceTimersToNextTimerAsync();
    expect(rung).toEqual([1_000]);
    store.clearAlarm();
    alarms.expect(store, Date.now() + 10);
    await vi.advanceTimersByTimeAsync(10);
    expect(rung).toEqual([1_000, Date.now() - START_MS]);
  });

  test("P4.5 an alarm that was cleared is rung again where another's write took that back", async () => {
    const path = databasePath();
    const db = openDatabase(path);
    spoil(path, "INSERT ON mail");
    let times = 0;
    const { rung, alarms, set } = rig(db, (name) => {
      new SharedDeviceStore(db, name).clearAlarm();
      if (times++ > 0) return;
      void (async () => {
        // When its row has been looked for, and was gone.
        for (let turn = 0; turn < 20; turn++) await null;
        expect(() => db.run("INSERT INTO mail DEFAULT VALUES")).toThrow();
      })();
    });
    set("a", 1_000);
    await db.committed();
    await vi.advanceTimersByTimeAsync(2_999);
    expect(rung).toEqual(["a"]);
    await vi.advanceTimersByTimeAsync(1);
    expect(rung).toEqual(["a", "a"]);
    alarms.stop();
  });

  test("P8.1 many that are due at once cost each a few rows read, though looks come while others ring or rest", async () => {
    const COUNT = 2_000;
    const db = openDatabase();
    let isRowLeft = false;
    const { rung, alarms, set } = rig(db, (name) => {
      // Of every second one the row goes with a later write.
      const number = Number(name);
      if (isRowLeft && number % 2 === 0)
        new SharedDeviceStore(db, name).setAlarm(START_MS + 1_000 + (number % 7));
    });
    for (let i = 0; i < COUNT; i++) set(`${i}`, 1_000 + (i % 7));
    isRowLeft = true;
    const all = vi.spyOn(db, "all");
    const got = vi.spyOn(db, "get");
    await vi.advanceTimersByTimeAsync(2_500);
    expect(rung).toHaveLength(COUNT);
    const rows = all.mock.results.reduce((sum, { value }) => sum + value.length, 0);
    // The other queries are those that the rig's own stores make.
    const looks = got.mock.calls.filter(([sql]) => sql === EARLIEST.devices.one);
    expect(rows + looks.length).toBeLessThan(5 * COUNT);
    // What stands is rung again, as a failure would be.
    await vi.advanceTimersByTimeAsync(1_000);
    expect(rung).toHaveLength(COUNT + COUNT / 2);
    isRowLeft = false;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(rung).toHaveLength(2 * COUNT);
    expect(vi.getTimerCount()).toBe(0);
    alarms.stop();
  });

  test("P4.5 an alarm that is set for an earlier time while hundreds ring is rung in time", async () => {
    const db = openDatabase();
    const stuck = Promise.withResolvers<void>();
    const rung: string[] = [];
    const alarms = new Alarms(db, EARLIEST.devices, async (name) => {
      new SharedDeviceStore(db, name).clearAlarm();
      rung.push(name);
      if (name !== "late") await stuck.promise;
    });
    onTestFinished(() => alarms.stop());
    const set = (name: string, at: number) => {
      const store = new SharedDeviceStore(db, name);
      store.writeAccount({ publicKey: "p", generation: 1, createdAt: 1 });
      alarms.expect(store, at);
    };
    for (let i = 0; i < 500; i++) set(`${i}`, START_MS + 1_000);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(rung).toHaveLength(500);
    set("late", START_MS + 500);
    await vi.advanceTimersByTimeAsync(1);
    expect(rung.at(-1)).toBe("late");
    // One that is rung and set anew meanwhile rings when it is done.
    set("7", START_MS + 2_500);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(rung).toHaveLength(501);
    stuck.resolve();
    await vi.advanceTimersByTimeAsync(10);
    expect(rung.slice(501)).toEqual(["7"]);
  });

  test("P1.6 a clock that jumps forth rings what it jumped over within a minute", async () => {
    const { rung, set } = rig(openDatabase());
    set("a", 30 * 60_000);
    vi.setSystemTime(START_MS + 40 * 60_000);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(rung).toEqual(["a"]);
  });

  test("P1.6 a clock that jumps back rings by the clock, not by the time that passed", async () => {
    const { rung, set } = rig(openDatabase());
    set("a", 30_000);
    vi.setSystemTime(START_MS - 30_000);
    await vi.advanceTimersByTimeAsync(59_999);
    expect(rung).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(rung).toEqual(["a"]);
  });
});
