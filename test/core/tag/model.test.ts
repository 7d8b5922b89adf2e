import fc from "fast-check";
import { expect, test } from "vitest";
import { firstPosition } from "../../../core/tag/birth.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { type Fault, type SimDevice, World } from "./support/world.ts";

const RUNS = Number(process.env["FUZZ_RUNS"] ?? 150);
const DEVICES = 12;

const device = fc.integer({ min: 0, max: DEVICES - 1 });
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("join" as const), device, depth: fc.nat(2) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("leave" as const), device }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("link" as const), device }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("lose" as const), device }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("broadcast" as const),
      lane: fc.constantFrom(1 as const, 2 as const, 3 as const),
      pace: fc.constantFrom(null, 5, 50),
      short: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.nat(3_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("kill" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("evict" as const) }) },
  // Counts are told by alarms, and nodes that everybody has left close by them.
  { weight: 2, arbitrary: fc.record({ do: fc.constant("alarms" as const), ms: fc.nat(40_000) }) },
  // A tag that everybody has left by then, or part of its tree, is erased.
  { weight: 1, arbitrary: fc.record({ do: fc.constant("age" as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** One of these befalls a call in 40: as many as there are, each as often. */
const FAULTS: readonly Fault[] = (["before", "after"] as const).flatMap((at) => [
  { at, kind: "fails" },
  { at, kind: "hangs" },
  { at, kind: 500 },
  { at, kind: 60_000 },
]);

/** What a member has a right to: the positions accepted while its join was answered and its leave not begun. */
class Rights {
  readonly #owed = new Map<SimDevice, number[]>();
  readonly members = new Set<SimDevice>();

  accepted(position: number, doesLast: boolean): void {
    if (!doesLast) return;
    for (const member of this.members) {
      this.#owed.set(member, [...(this.#owed.get(member) ?? []), position]);
    }
  }

  of(member: SimDevice): readonly number[] {
    return this.#owed.get(member) ?? [];
  }

  /** All that was accepted. */
  expired(): void {
    this.#owed.clear();
  }

  /** It may have missed what it was owed by leaving. */
  left(member: SimDevice): void {
    this.members.delete(member);
    this.#owed.delete(member);
  }
}

async function play(world: World, rights: Rights, steps: readonly Step[]): Promise<void> {
  for (const each of steps) {
    switch (each.do) {
      case "join": {
        const joining = world.device(each.device);
        if (await world.clock.until(joining.join("news", each.depth))) rights.members.add(joining);
        break;
      }
      case "leave": {
        const leaving = world.device(each.device);
        rights.left(leaving);
        await world.clock.until(leaving.leave());
        break;
      }
      case "link":
        await world.clock.until(world.device(each.device).link());
        break;
      case "lose":
        world.device(each.device).lose();
        break;
      case "broadcast": {
        const ttlSeconds = each.short ? 1 : 3_600;
        try {
          await world.broadcast({ lane: each.lane, pace: each.pace, ttlSeconds });
        } catch {
          // Nobody ever joined.
          break;
        }
        const head = (await world.root().info())?.head ?? 0;
        rights.accepted(head, !each.short);
        break;
      }
      case "pass":
        await world.clock.pass(each.ms);
        break;
      case "kill":
        world.kill();
        break;
      case "alarms":
        await world.alarms(each.ms);
        break;
      case "age":
        await world.alarms(2 * LIMITS.TAG_STATUS_MS);
        rights.expired();
        break;
      case "evict":
        world.evict();
    }
  }
}

function expectAll(member: SimDevice, rights: Rights): void {
  const shown = member.shown.get("news") ?? [];
  expect(shown).toEqual([...new Set(shown)].sort((a, b) => a - b));
  for (const position of rights.of(member)) expect(shown).toContain(position);
}

test("B1 T1 whatever fails and is killed: each broadcast comes to each member once, in order, and nobody is in twice", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 60 }),
      fc.infiniteStream(fc.integer({ min: 0, max: 39 })),
      async (steps, dice) => {
        let isCalm = false;
        const world = new World({
          nodeMembers: 2,
          parallelNodes: 2,
          born: firstPosition,
          fails: () => {
            if (isCalm) return null;
            const thrown = dice.next().value;
            return FAULTS[thrown ?? FAULTS.length] ?? null;
          },
        });
        const rights = new Rights();
        await play(world, rights, steps);

        // Nothing fails any more. Who is linked needs no more than the next broadcast.
        isCalm = true;
        await world.quiet();
        for (const each of world.devices.values()) await world.clock.until(each.mend());
        await world.broadcast({}).catch(() => {});
        await world.quiet();
        for (const each of world.devices.values()) if (each.linked) expectAll(each, rights);

        // Everybody comes back.
        for (const each of world.devices.values()) {
          if (each.tags.size > 0) await world.clock.until(each.join());
          await world.clock.until(each.link());
          await world.clock.until(each.mend());
        }
        await world.quiet();
        for (const each of world.devices.values()) expectAll(each, rights);
        const members = world.members();
        for (const each of world.devices.values()) {
          const nodes = members.get(each.name) ?? [];
          expect(nodes.length).toBe(each.tags.size);
        }
        const info = await world.root().info();
        expect(info?.members ?? 0).toBe(members.size);
      },
    ),
    { numRuns: RUNS },
  );
}, 120_000);
