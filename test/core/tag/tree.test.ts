import { describe, expect, test } from "vitest";
import { World } from "./support/world.ts";

describe("a tag's tree", () => {
  test("T1 holds each member once, whatever its size, and tells exact counts", async () => {
    const world = new World({ nodeMembers: 8 });
    for (let n = 0; n < 300; n++) await world.clock.until(world.device(n).join());
    const members = world.members();
    expect(members.size).toBe(300);
    expect([...members.values()].every((nodes) => nodes.length === 1)).toBe(true);
    await world.quiet();
    expect(await world.root().info()).toMatchObject({ members: 300, nodes: world.stores.size });
    expect(world.reports.at(-1)).toMatchObject({ tag: "news", members: 300 });
  });

  test("T2 stays compact when it is emptied and filled again", async () => {
    const world = new World({ nodeMembers: 8 });
    for (let n = 0; n < 200; n++) await world.clock.until(world.device(n).join());
    const nodes = world.stores.size;
    for (let n = 0; n < 200; n++) await world.clock.until(world.device(n).leave());
    expect(world.members().size).toBe(0);
    for (let n = 0; n < 200; n++) await world.clock.until(world.device(n).join());
    expect(world.stores.size).toBe(nodes);
    await world.quiet();
    expect(await world.root().info()).toMatchObject({ members: 200 });
  });

  test("T3 is joined at any depth: a node that is not there sends nearer to the root", async () => {
    const world = new World({ nodeMembers: 4 });
    for (let n = 0; n < 40; n++) await world.clock.until(world.device(n).join("news", n % 4));
    expect(world.members().size).toBe(40);
    expect(world.nodes).toBeLessThan(25);
  });

  test("T4 a join costs the node one row, and joining again none", async () => {
    const world = new World();
    await world.clock.until(world.device(0).join());
    const rows = world.rows;
    await world.clock.until(world.device(1).join());
    expect(world.rows - rows).toBe(1);
    await world.clock.until(world.device(1).join());
    expect(world.rows - rows).toBe(1);
  });

  test("P8.11 a tag that was made up, joined and left leaves nothing, and can be joined again", async () => {
    const world = new World();
    for (let round = 0; round < 2; round++) {
      await world.clock.until(world.device(0).join());
      expect(world.nodes).toBe(1);
      await world.clock.until(world.device(0).leave());
      await world.quiet();
      expect(world.nodes).toBe(0);
      expect(world.reports.at(-1)).toMatchObject({ tag: "news", members: 0 });
    }
    await world.clock.until(world.device(1).join());
    await world.quiet();
    expect(await world.root().info()).toMatchObject({ members: 1 });
  });
});
