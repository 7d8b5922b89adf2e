/** The attacker's process: tries everything at random until it is told to stop, and then says what came of it. */
import { random as seeded } from "../random.ts";
import type { Attack, Loot } from "./attack.ts";
import * as insider from "./insider.ts";
import * as noisy from "./noisy.ts";
import * as stranger from "./stranger.ts";

export const KINDS = { stranger, insider, noisy } as const;
export type Kind = keyof typeof KINDS;

export interface AttackOrder {
  readonly kind: Kind;
  readonly loot: Loot;
  readonly seed: number;
  /** How many attempts are under way at a time, besides those that only hold a connection. */
  readonly lanes: number;
  readonly slow: number;
  /** The one quick attack to make, to find out what it costs; all of them if it is undefined. */
  readonly only?: string | undefined;
}

/** By attack, how often each thing came of it. */
export type Outcomes = Readonly<Record<string, Readonly<Record<string, number>>>>;

async function attack({ kind, loot, seed, lanes, slow, only }: AttackOrder): Promise<void> {
  const outcomes: Record<string, Record<string, number>> = {};
  let isOver = false;
  const { QUICK, SLOW } = KINDS[kind];
  const lane = async (attacks: Readonly<Record<string, Attack>>, number: number): Promise<void> => {
    const random = seeded(seed + number);
    const names = Object.keys(attacks).filter(
      (name) => attacks === SLOW || name === (only ?? name),
    );
    while (!isOver) {
      const name = names[random.between(0, names.length - 1)] ?? "";
      const outcome = (await attacks[name]?.(loot, random)) ?? "";
      const counts = outcomes[name] ?? {};
      outcomes[name] = { ...counts, [outcome]: (counts[outcome] ?? 0) + 1 };
    }
  };
  process.send?.("begins");
  const quick = Array.from({ length: lanes }, (_, n) => lane(QUICK, n));
  for (let n = 0; n < slow; n++) void lane(SLOW, lanes + n);
  process.once("message", async () => {
    isOver = true;
    await Promise.all(quick);
    // Its sockets end with it, as when an attacker is gone.
    process.send?.(outcomes, () => process.exit(0));
  });
  // Nobody is left to tell.
  process.on("disconnect", () => process.exit(0));
}

if (process.send !== undefined && import.meta.main) {
  process.once("message", (order: AttackOrder) => void attack(order));
}
