/** Recalls and scheduled broadcasts at the root of a tag. */
import { expect, test } from "vitest";
import { LIMITS } from "../../../schema/limits.ts";
import { keyOf, World } from "./support/world.ts";

test("X4 a key that is used again once the log has forgotten its broadcast is recalled anew", async () => {
  const world = new World();
  await world.clock.until(world.device(0).join());
  const key = keyOf(77_000);
  const recall = async (seq: number) => {
    const answer = await world.clock.until(
      world.root().recall({ key, seq, trustVersion: 0, waitMs: 0 }),
    );
    if (!answer.ok) throw new Error(answer.code);
    return answer.recall.seq;
  };
  const fill = async (count: number) => {
    for (let sent = 0; sent < count; sent++) {
      await world.broadcast();
      // No more than a tag takes in this time.
      await world.alarms(LIMITS.REPLAY_MS / 1_000);
    }
  };
  const first = await world.broadcast({ key });
  await fill(600);
  const firstRecall = await recall(first);
  await fill(500);
  const second = await world.broadcast({ key });
  expect(second).not.toBe(first);
  expect(await recall(second)).toBeGreaterThan(firstRecall);
  expect(await world.status(key)).toMatchObject({ seq: second, recalledAt: expect.any(Number) });
});

test("B25 a tag's last broadcast is the one that was sent last, also if it had waited for its time", async () => {
  const world = new World();
  await world.clock.until(world.device(0).join());
  const hour = 3_600_000;
  const sendAt = world.clock.now + hour;
  await world.broadcast({ sendAt });
  await world.alarms(hour / 2);
  await world.broadcast();
  await world.alarms(hour);
  const info = await world.clock.until(world.root().info());
  expect(info?.lastBroadcastAt).toBeGreaterThanOrEqual(sendAt);
});
