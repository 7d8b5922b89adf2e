/** How often the holders of a shared alias are called, once one or more of them have taken a message by firstAckWins. */
import { beforeEach, describe, expect, it } from "vitest";
import { LIMITS } from "../../../schema/limits.ts";
import type { Fault } from "../support/faults.ts";
import { AT_ONCE, World } from "./support/world.ts";

const LOST: Fault = { at: "before", kind: "fails" };
const HANGS: Fault = { at: "before", kind: "hangs" };

let world: World;
beforeEach(() => {
  world = new World(5, AT_ONCE);
});

describe("the other holders of a message by firstAckWins", () => {
  const KEY = Uint8Array.of(7);
  const HOLDERS = 30;
  const all = Array.from({ length: HOLDERS }, (_, device) => device);
  const calls = () => world.devices.map(({ withdrawn }) => withdrawn.length);
  const total = () => calls().reduce((sum, each) => sum + each, 0);

  it("A3 P8.1 are told once each, however many take it at once", async () => {
    const held: (() => void)[] = [];
    let isHeld = false;
    world = new World(HOLDERS, {
      schedule: (task, label) =>
        isHeld && label === "calls a device"
          ? new Promise<void>((resolve) => held.push(resolve)).then(() => task)
          : task,
    });
    for (const device of all) await world.set(device, true);
    isHeld = true;
    const takers = all.slice(0, HOLDERS / 2).map((device) => world.firstAck(device, KEY));
    await new Promise((resolve) => setTimeout(resolve));
    isHeld = false;
    for (const goOn of held) goOn();
    await Promise.all(takers);
    expect(total()).toBe(HOLDERS - 1);
    // Nor later, nor by those who took it and are told of each other.
    for (const device of all) await world.firstAck(device, KEY);
    expect(total()).toBe(HOLDERS - 1);
    // Another message is another.
    await world.firstAck(3, Uint8Array.of(8));
    expect(total()).toBe(2 * (HOLDERS - 1));
  });

  it("A3 are told again until they have heard, by whoever took it, and nobody else is", async () => {
    for (const device of [0, 1, 2, 3]) await world.set(device, true);
    world.faults = [null, LOST, null];
    // Both share the call that fails.
    const takers = [world.firstAck(0, KEY), world.firstAck(3, KEY)];
    const ends = await Promise.allSettled(takers);
    expect(ends.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect([calls(), world.troubles.length]).toEqual([[0, 1, 0, 1, 0], 1]);
    world.faults = [HANGS];
    await expect(world.firstAck(3, KEY)).rejects.toThrow("1 of 3 holders");
    await world.firstAck(0, KEY);
    await world.firstAck(3, KEY);
    expect(calls()).toEqual([0, 1, 1, 1, 0]);
  });

  it("A3 are told again where the alias has slept, where they joined since, and where the key is past its life", async () => {
    for (const device of [0, 1]) await world.set(device, true);
    await world.firstAck(0, KEY);
    await world.set(2, true);
    await world.firstAck(0, KEY);
    expect(calls()).toEqual([0, 1, 1, 0, 0]);
    await world.unset(1);
    await world.set(1, true);
    await world.firstAck(0, KEY);
    expect(calls()).toEqual([0, 2, 1, 0, 0]);
    world.now += LIMITS.IDEMPOTENCY_KEY_MS + 1;
    await world.firstAck(0, KEY);
    expect(calls()).toEqual([0, 3, 2, 0, 0]);
    world.crash(true);
    await world.firstAck(0, KEY);
    expect(calls()).toEqual([0, 4, 3, 0, 0]);
  });
});
