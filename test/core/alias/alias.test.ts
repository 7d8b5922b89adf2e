import { beforeEach, describe, expect, it } from "vitest";
import { Alias } from "../../../core/alias/alias.ts";
import type { AliasRecord } from "../../../core/alias/host.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { Fault } from "../support/faults.ts";
import { ALIAS, APP, AT_ONCE, holderOf, World } from "./support/world.ts";

const LOST: Fault = { at: "before", kind: "fails" };
const UNANSWERED: Fault = { at: "after", kind: "fails" };

let world: World;
beforeEach(() => {
  world = new World(LIMITS.ALIAS_HOLDERS + 1, AT_ONCE);
});

const mine = () => world.devices.flatMap((device, i) => (device.mine ? [i] : []));
const held = async () => (await world.holders()).holders.map(({ device }) => device);

describe("an alias of one holder", () => {
  it("A1 goes to the last setter, and the former holder is told", async () => {
    expect(await world.set(0)).toEqual({ ok: true });
    expect(await world.set(1)).toEqual({ ok: true });
    await world.settled();
    expect([mine(), world.devices[0]?.losses]).toEqual([[1], 1]);
    expect(await world.holders()).toMatchObject({ shared: false, holders: [holderOf(1)] });
    expect(world.rows).toBe(2);
  });

  it("A1 set again by its holder changes nothing and writes no row", async () => {
    await world.set(0);
    const { holders } = await world.holders();
    const again = { app: APP, alias: ALIAS, shared: false, holder: holderOf(0) };
    for (const epoch of holders.map((each) => each.epoch ?? 0))
      expect(await world.alias.set({ ...again, epoch })).toEqual({ ok: true });
    expect([world.rows, world.devices[0]?.losses]).toEqual([1, 0]);
  });

  it("A1 stays with a holder that cannot be told; the setter may try again", async () => {
    await world.set(0);
    world.faults = [LOST];
    expect(await world.set(1)).toMatchObject({ ok: false, code: "alias_stale" });
    expect([mine(), world.rows, world.troubles.length]).toEqual([[0], 1, 1]);
    expect(await world.set(1)).toEqual({ ok: true });
    expect(mine()).toEqual([1]);
  });

  it("is taken away by unset; of another registration that does nothing", async () => {
    await world.set(0);
    await world.unset(1);
    expect([await held(), world.rows]).toEqual([["device-0"], 1]);
    await world.unset(0);
    await world.unset(0);
    expect([await held(), world.rows]).toEqual([[], 2]);
  });

  it("P8.12 leaves nothing once nobody holds it, and is set anew", async () => {
    await world.set(0);
    expect(world.written).not.toBeNull();
    await world.unset(0);
    expect(world.written).toBeNull();
    expect(await world.set(1)).toEqual({ ok: true });
    expect(await held()).toEqual(["device-1"]);
  });

  it("unset where it was never set writes nothing", async () => {
    await world.unset(0);
    expect([world.rows, await world.holders()]).toEqual([0, { shared: false, holders: [] }]);
  });
});

describe("a shared alias", () => {
  it("S7 is not made by a device of one that another registration has alone, nor joined", async () => {
    const set = (at: number, shared: boolean) =>
      world.alias.set({
        app: APP,
        alias: ALIAS,
        holder: holderOf(at),
        shared,
        joinsShared: shared,
      });
    expect(await set(0, false)).toEqual({ ok: true });
    expect(await set(1, true)).toMatchObject({ ok: false, code: "not_granted" });
    expect([await held(), world.rows]).toEqual([["device-0"], 1]);
    // It has it alone itself, and whoever joins then joins a shared one.
    expect(await set(0, true)).toEqual({ ok: true });
    expect(await set(1, true)).toEqual({ ok: true });
    expect(await held()).toEqual(["device-0", "device-1"]);
  });

  it("A2 is held by all who set it, up to the bound, in their order", async () => {
    for (let i = 0; i < LIMITS.ALIAS_HOLDERS; i++) {
      expect(await world.set(i, true)).toEqual({ ok: true });
    }
    expect(await world.set(LIMITS.ALIAS_HOLDERS, true)).toMatchObject({ code: "alias_full" });
    expect((await held()).slice(0, 3)).toEqual(["device-0", "device-1", "device-2"]);
    // One that holds it may set it again at the bound.
    expect(await world.set(5, true)).toEqual({ ok: true });
    // What it asked before is late from then on, which is a row.
    expect(world.rows).toBe(LIMITS.ALIAS_HOLDERS + 1);
    await world.unset(0);
    expect(await world.set(LIMITS.ALIAS_HOLDERS, true)).toEqual({ ok: true });
  });

  it("A2 joins the one who had it alone, and is taken from all by one who wants it alone", async () => {
    await world.set(0);
    await world.set(1, true);
    await world.set(2, true);
    expect([mine(), (await world.holders()).shared]).toEqual([[0, 1, 2], true]);
    expect(await world.set(1)).toEqual({ ok: true });
    expect(mine()).toEqual([1]);
    expect(await world.holders()).toMatchObject({ shared: false, holders: [holderOf(1)] });
  });

  it.each<(Fault | null)[]>([[LOST], [null, LOST], [null, UNANSWERED], [UNANSWERED, LOST]])(
    "A1 a set that is refused changes nothing, whoever could be told (%j, %j)",
    async (...faults) => {
      for (const device of [0, 1, 2]) await world.set(device, true);
      const { rows } = world;
      world.faults = [...faults];
      expect(await world.set(2)).toMatchObject({ code: "alias_stale" });
      await world.settled();
      expect(await world.holders()).toMatchObject({
        shared: true,
        holders: [0, 1, 2].map(holderOf),
      });
      expect([mine(), world.rows]).toEqual([[0, 1, 2], rows]);
      expect(world.devices.map(({ losses }) => losses).slice(0, 3)).toEqual([0, 0, 0]);
      // One of nobody's fates takes it.
      world.faults = [];
      expect(await world.set(3)).toEqual({ ok: true });
      await world.settled();
      expect(mine()).toEqual([3]);
      expect(world.devices.map(({ losses }) => losses).slice(0, 4)).toEqual([1, 1, 1, 0]);
    },
  );

  it("A4 one that had it alone knows that it is shared before another has joined", async () => {
    await world.set(0);
    world.faults = [LOST];
    expect(await world.set(1, true)).toMatchObject({ code: "alias_stale" });
    await world.settled();
    expect([await held(), mine()]).toEqual([["device-0"], [0]]);
    expect(await world.set(1, true)).toEqual({ ok: true });
    await world.settled();
    expect([mine(), world.devices[0]?.suspensions]).toEqual([[0, 1], 1]);
  });

  it("A3 tells the other holders once one has the message, and outlives what fails", async () => {
    for (const device of [0, 1, 2]) await world.set(device, true);
    world.faults = [LOST];
    const key = Uint8Array.of(7);
    // The device that took it is to repeat it.
    await expect(world.firstAck(1, key)).rejects.toThrow("1 of 2 holders");
    expect(world.devices.slice(0, 3).map(({ withdrawn }) => withdrawn)).toEqual([[], [], [key]]);
    expect(world.troubles.length).toBe(1);
    await world.firstAck(1, key);
    expect(world.devices[0]?.withdrawn).toEqual([key]);
  });
});

describe("account generations", () => {
  /** One device, whose account was replaced. */
  function oneDevice() {
    const calls: string[] = [];
    let record: AliasRecord | null = null;
    const alias = new Alias({
      store: {
        read: () => record,
        write: (to) => {
          record = to;
        },
        erase: () => {
          record = null;
        },
      },
      host: {
        durable: async () => undefined,
        device: (name) => ({
          suspendAlias: async ({ generation }) => {
            calls.push(`${name}.${generation}`);
          },
          withdraw: async () => undefined,
        }),
        withTimeout: (_, call) => call,
        now: () => 0,
        setAlarm: () => undefined,
        reportError: (error) => {
          throw error;
        },
      },
    });
    const set = (generation: number, shared: boolean) =>
      alias.set({ app: APP, alias: ALIAS, holder: { device: "d", generation }, shared });
    return { alias, set, calls };
  }

  it.each([true, false])(
    "a newer one takes the place of the older, unasked (shared %s)",
    async (shared) => {
      const { alias, set, calls } = oneDevice();
      await set(1, shared);
      expect(await set(2, shared)).toEqual({ ok: true });
      expect((await alias.holders()).holders).toEqual([{ device: "d", generation: 2 }]);
      expect(calls).toEqual([]);
      expect(await set(1, shared)).toMatchObject({ ok: false, code: "unregistered" });
      expect((await alias.holders()).holders).toEqual([{ device: "d", generation: 2 }]);
    },
  );
});

describe("what comes late", () => {
  const order = (epoch: number, fields = {}) => ({
    ...{ app: APP, alias: ALIAS, holder: holderOf(0), shared: false, epoch },
    ...fields,
  });

  it("A1 an unset that was sent before the set takes nothing away, also after a crash", async () => {
    for (const crash of [false, true]) {
      const { alias } = world;
      await alias.set(order(1));
      await alias.set(order(3));
      if (crash) world.crash(true);
      expect(await world.alias.unset(order(2))).toMatchObject({ code: "alias_stale", epoch: 3 });
      expect(await held()).toEqual(["device-0"]);
      expect(await world.alias.unset(order(4))).toBeUndefined();
      expect(await held()).toEqual([]);
      world = new World(2, AT_ONCE);
    }
  });

  it("A1 a set that was sent before an unset, or before the device asked what came of it, gives nothing", async () => {
    await world.set(1);
    await world.alias.unset(order(2));
    expect(await world.alias.set(order(1))).toMatchObject({ code: "alias_stale", epoch: 2 });
    expect(await world.alias.confirm(order(4))).toEqual({ holds: false, shared: false });
    expect(await world.alias.set(order(3))).toMatchObject({ code: "alias_stale", epoch: 4 });
    await world.settled();
    expect([await held(), mine(), world.devices[1]?.suspensions]).toEqual([["device-1"], [1], 0]);
  });

  it("A1 a set that is late by its own word gives nothing, though the alias remembers nobody", async () => {
    expect(await world.alias.set(order(1, { until: 0 }))).toMatchObject({ code: "alias_stale" });
    expect(await held()).toEqual([]);
    expect(await world.alias.set(order(1, { until: 1 }))).toEqual({ ok: true });
  });

  it("A1 devices and rows of before have no epochs: what they ask is carried out as it comes", async () => {
    const { epoch: _, ...old } = order(0);
    await world.alias.set(old);
    expect(world.written?.holders).toEqual([holderOf(0)]);
    await world.alias.unset(order(1));
    expect(await held()).toEqual([]);
    await world.alias.set(order(2));
    await world.alias.unset(old);
    expect(await held()).toEqual([]);
  });

  it("T15 the earlier registrations of a device hold it no more once a later one asks", async () => {
    const later = { holder: { device: "device-0", generation: 2 } };
    for (const ask of ["confirm", "unset"] as const) {
      await world.set(1, true);
      await world.alias.set(order(1, { shared: true }));
      await world.alias[ask](order(1_000, later));
      expect(await held()).toEqual(["device-1"]);
      world = new World(2, AT_ONCE);
    }
  });

  it("P8.1 it remembers the orders of so many devices, and forgets the oldest for one more", async () => {
    const other = (i: number) => ({ holder: { device: `other-${i}`, generation: 1 } });
    for (let i = 0; i < LIMITS.ALIAS_COMMANDS; i++) await world.alias.unset(order(2, other(i)));
    expect(await world.alias.set(order(1, other(0)))).toMatchObject({ code: "alias_stale" });
    await world.alias.unset(order(2));
    expect(await world.alias.set(order(1, other(1)))).toMatchObject({ code: "alias_stale" });
    expect(await world.alias.set(order(1, other(0)))).toEqual({ ok: true });
  });
});

it("P8.1 refuses sets and unsets beyond those that may wait, and goes on", async () => {
  const steps: (() => void)[] = [];
  const slow = new World(LIMITS.ALIAS_WAITING + 1, AT_ONCE);
  let synced = false;
  const alias = new Alias({
    store: { read: () => null, write: () => undefined, erase: () => undefined },
    host: {
      durable: () =>
        synced ? Promise.resolve() : new Promise((resolve) => steps.push(() => resolve())),
      device: () => ({ suspendAlias: async () => undefined, withdraw: async () => undefined }),
      withTimeout: (_, call) => call,
      now: () => 0,
      setAlarm: () => undefined,
      reportError: () => undefined,
    },
  });
  const request = (i: number) => ({ app: APP, alias: ALIAS, holder: holderOf(i), shared: false });
  const waiting = slow.devices.slice(1).map((_, i) => alias.set(request(i)));
  expect(await alias.set(request(0))).toMatchObject({ ok: false, code: "overloaded" });
  await expect(alias.unset(request(0))).rejects.toThrow("wait");
  synced = true;
  await Promise.resolve();
  for (const step of steps) step();
  expect((await Promise.all(waiting)).every(({ ok }) => ok)).toBe(true);
  expect(await alias.set(request(0))).toEqual({ ok: true });
});
