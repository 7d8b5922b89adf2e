/** Joins that come after the leave of their membership: they must not leave a member that nobody removes. */
import { describe, expect, test } from "vitest";
import { LIMITS } from "../../../schema/limits.ts";
import { World } from "./support/world.ts";

const DEVICE = "AAAAAAAAAAAAAAAAAAAAAA";

function setUp() {
  const world = new World();
  const join = (epoch: number, change: { find?: boolean; until?: number } = {}) => {
    const request = { tag: "news", device: DEVICE, find: false, born: null, attach: false, epoch };
    return world.clock.until(world.root().join({ ...request, ...change }));
  };
  const leave = (epoch: number) => world.clock.until(world.root().leave({ device: DEVICE, epoch }));
  return { world, join, leave, root: () => world.root() };
}

describe("a join that comes after its leave", () => {
  test("T1 is of a membership that has ended, and leaves no member", async () => {
    const { world, join, leave, root } = setUp();
    await join(5);
    await leave(5);
    await join(5);
    await join(4);
    expect(world.members().size).toBe(0);
    // Who leaves looks for itself, and finds nobody.
    await join(5, { find: true });
    expect(world.members().size).toBe(0);
    await join(6);
    await world.quiet();
    expect(world.members().size).toBe(1);
    expect((await root().info())?.members).toBe(1);
  });

  test("P8.11 the search of who leaves a tag that is not there makes none", async () => {
    const { world, join, leave, root } = setUp();
    await leave(5);
    expect(await join(5, { find: true })).toMatchObject({ kind: "joined" });
    expect(await root().info()).toBeNull();
    expect(await join(6)).toMatchObject({ kind: "joined" });
    expect(world.members().size).toBe(1);
  });

  test("T1 is refused where it comes later than the node remembers, or the node slept meanwhile", async () => {
    const { world, join, leave } = setUp();
    const until = world.clock.now + LIMITS.JOIN_LATE_MS;
    await join(5, { until });
    await leave(5);
    await world.clock.pass(LIMITS.JOIN_LATE_MS - 1);
    await join(5, { until });
    expect(world.members().size).toBe(0);
    await world.clock.pass(1);
    world.evict();
    expect(await join(5, { until })).toEqual({ kind: "late" });
    expect(world.members().size).toBe(0);
    expect(await join(5, { until: until + 1 })).toMatchObject({ kind: "joined" });
  });

  test("P8.1 T1 a node remembers so many leaves and no more", async () => {
    const { world, join, leave } = setUp();
    await join(5);
    await leave(5);
    const others = async (count: number) => {
      for (let n = 0; n < count; n++) {
        await world.root().leave({ device: `other ${n}`, epoch: 1 });
      }
    };
    await others(LIMITS.NODE_LEAVES - 1);
    await join(5);
    expect(world.members().size).toBe(0);
    await others(LIMITS.NODE_LEAVES);
    await join(5);
    expect(world.members().size).toBe(1);
  });

  test("T1 is not taken for one of a device that knows no epochs, nor after a clock was set back", async () => {
    const { world, join, leave } = setUp();
    await join(0);
    await leave(0);
    await join(0);
    expect(world.members().size).toBe(1);
    await leave(7);
    world.clock.setBack(3_600_000);
    await join(6);
    expect(world.members().size).toBe(1);
  });

  test("T1 one that is in all the same goes as soon as its node calls it", async () => {
    const world = new World();
    await world.device(0).link();
    await world.clock.until(world.device(0).join());
    const request = { tag: "news", device: world.device(1).name, find: false, born: null };
    await world.clock.until(world.root().join({ ...request, attach: true, epoch: 5 }));
    expect(world.members().size).toBe(2);
    await world.broadcast();
    await world.quiet();
    expect(world.members().size).toBe(1);
    expect((await world.root().info())?.members).toBe(1);
  });
});
