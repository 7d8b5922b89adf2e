/** Sequence numbers that run ahead of the wall clock, and a process that is killed. */
import { expect, test } from "vitest";
import { HybridClock } from "../../../../core/message/clock.ts";
import { HOSTS } from "../../support/runtime/fake-runtime.ts";
import type { Step } from "../model/steps.ts";
import { World } from "../model/world.ts";
import { Rig } from "../support/rig.ts";

const MINUTE_MS = 60_000;
/** An object sleeps when it was idle for that long, on Cloudflare and on workerd. */
const IDLE_MS = 10_000;

function deliver(rig: Rig, key: string): number {
  const token = rig.sendAndWait({ key });
  const [message] = rig.takeAndAck();
  expect(rig.answers.get(token)).toMatchObject({ status: "delivered" });
  return message?.seq ?? 0;
}

const AHEAD: readonly (readonly [string, (rig: Rig) => void])[] = [
  ["was set back", setBack],
  [
    "is behind the device's",
    (rig) => void rig.connect({ lastSeq: HybridClock.at(rig.now + MINUTE_MS), attach: [1] }),
  ],
  ["is behind what waits", behindMail],
];

function setBack(rig: Rig): void {
  rig.now -= 10 * MINUTE_MS;
}

function behindMail(rig: Rig): void {
  rig.queue({ key: "waits" });
  rig.takeAndAck();
  rig.queue({ key: "stays" });
  rig.take();
  setBack(rig);
}

test.each(AHEAD)("P2.2 P4.1 a repeat after a kill has another ID where the clock %s", (_, move) => {
  const rig = Rig.online();
  move(rig);
  const first = deliver(rig, "m");
  rig.now += 100;
  rig.restart();
  const again = rig.queue({ key: "m", ttlSeconds: 1 });
  expect(again.status).toBe("queued");
  expect(again.seq).toBeGreaterThan(first);
  rig.now += 1_000;
  expect(rig.statusOf("m", again.seq)).toBe("expired");
  expect(rig.statusOf("m", first)).toBe("delivered");
});

test("P2.2 P3.1 P6.1 numbers ahead of the clock cost one row for 2,048, and a new one after a kill", () => {
  const rig = Rig.online();
  rig.now -= 10 * MINUTE_MS;
  const seqs: number[] = [];
  for (const rows of [1, 1]) {
    expect(rig.rows(() => seqs.push(deliver(rig, `${seqs.length}`)))).toBe(rows);
    const more = rig.rows(() => {
      for (let i = 0; i < 100; i++) seqs.push(deliver(rig, `${seqs.length}`));
    });
    expect(more).toBe(0);
    rig.now += 100;
    rig.restart();
    rig.connect({ attach: [1] });
  }
  expect(seqs).toEqual([...new Set(seqs)].toSorted((a, b) => a - b));
  // The wall clock has caught up.
  rig.now += 20 * MINUTE_MS;
  expect(rig.rows(() => deliver(rig, "right"))).toBe(0);
  rig.lose();
  expect(rig.store.link).not.toHaveProperty("seqReserve");
});

test("P6.1 an object that slept when it was idle is not ahead of the clock by it", () => {
  const rig = Rig.online();
  const seqs = [deliver(rig, "first")];
  for (let i = 0; i < 5; i++) {
    rig.now += IDLE_MS;
    rig.hibernate();
    expect(rig.rows(() => seqs.push(deliver(rig, `${i}`)))).toBe(0);
  }
  expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
});

const send = {
  kind: "send",
  app: 0,
  lane: 1,
  ttlSeconds: 0,
  collapseKey: null,
  onOverflow: "drop_oldest",
  waitMs: 0,
  bytes: 1,
  count: 1,
  retry: 0,
} as const;

/** Found by FUZZ_SEED=917531: a waiting row was numbered ahead of the clock, and so was what came after it before and after a kill. */
test.each(HOSTS)(
  "P2.2 P4.1 what was shown before a kill is not called expired after it: $host",
  async ({ hibernates }) => {
    const steps: readonly Step[] = [
      { kind: "sleep" },
      { ...send, ttlSeconds: 3_600 },
      send,
      { kind: "device reads", frames: 5, acknowledges: false },
      send,
      { kind: "kill", fate: "before the writes" },
      { ...send, count: 5, retry: 3 },
      { kind: "mesh reads", frames: 1 },
      { kind: "time passes", ms: 1 },
      { kind: "device reads", frames: 1, acknowledges: false },
      { kind: "sleep" },
      send,
    ];
    await new World(hibernates).play(steps);
  },
);
