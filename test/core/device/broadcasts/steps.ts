/** What may happen to a device in tags, as data: fast-check makes lists of it, and shrinks them. */
import fc from "fast-check";
import { type Fault, fault } from "../../support/faults.ts";

export type Step =
  | { readonly kind: "subscribe" | "unsubscribe"; readonly tag: number }
  | {
      readonly kind: "broadcast";
      /** Tags of the cover, the first first; several are a union. */
      readonly tags: readonly number[];
      /** Whether it is for those who are in all of them: then only the first log holds it. */
      readonly all: boolean;
      readonly bytes: number;
      readonly count: number;
    }
  | { readonly kind: "node calls"; readonly tag: number }
  | { readonly kind: "nodes give up waiting" }
  | { readonly kind: "carried out" | "answered"; readonly call: number }
  /** The device hears no answer, and gives the call up. */
  | { readonly kind: "given up"; readonly call: number; readonly fault: Fault }
  | { readonly kind: "register" | "unregister" }
  | {
      readonly kind: "set alias" | "unset alias";
      readonly alias: number;
      readonly shared: boolean;
    }
  /** Another device takes the alias, or cannot: then who holds it was suspended for nothing. */
  | { readonly kind: "alias taken"; readonly alias: number; readonly isRefused: boolean }
  | { readonly kind: "device reads"; readonly acknowledges: boolean }
  | { readonly kind: "send"; readonly waits: boolean }
  | { readonly kind: "connect"; readonly cursors: boolean }
  /** `arrives`: what it had asked arrives all the same, when it is dead. */
  | { readonly kind: "kill"; readonly arrives: boolean }
  | { readonly kind: "lose" | "sleep" | "attach" | "detach" | "alarm" }
  | { readonly kind: "time passes"; readonly ms: number };

/** The last is the tag of all devices. */
export const TAGS = ["x", "y", "z", ""] as const;
export const ALIASES = ["me", "we"] as const;

const own = fc.nat({ max: TAGS.length - 2 });
const any = fc.nat({ max: TAGS.length - 1 });
const alias = fc.nat({ max: ALIASES.length - 1 });
const call = fc.nat({ max: 5 });
const bare = <Kind extends string>(kind: Kind) => fc.constant({ kind });

export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("subscribe" as const), tag: own }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("unsubscribe" as const), tag: own }) },
  {
    weight: 16,
    arbitrary: fc.record({
      kind: fc.constant("broadcast" as const),
      tags: fc.uniqueArray(any, { minLength: 1, maxLength: 3 }),
      all: fc.boolean(),
      bytes: fc.constantFrom(1, 100, 4_096),
      count: fc.constantFrom(1, 1, 2, 5, 40),
    }),
  },
  { weight: 16, arbitrary: fc.record({ kind: fc.constant("node calls" as const), tag: any }) },
  { weight: 3, arbitrary: bare("nodes give up waiting") },
  { weight: 10, arbitrary: fc.record({ kind: fc.constant("carried out" as const), call }) },
  { weight: 24, arbitrary: fc.record({ kind: fc.constant("answered" as const), call }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("given up" as const), call, fault }) },
  { weight: 2, arbitrary: bare("unregister") },
  { weight: 4, arbitrary: bare("register") },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom("set alias" as const, "set alias" as const, "unset alias" as const),
      alias,
      shared: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("alias taken" as const),
      alias,
      isRefused: fc.boolean(),
    }),
  },
  {
    weight: 16,
    arbitrary: fc.record({
      kind: fc.constant("device reads" as const),
      acknowledges: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("send" as const), waits: fc.boolean() }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("connect" as const), cursors: fc.boolean() }),
  },
  { weight: 3, arbitrary: bare("lose") },
  { weight: 4, arbitrary: bare("sleep") },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("kill" as const), arrives: fc.boolean() }),
  },
  { weight: 3, arbitrary: bare("attach") },
  { weight: 2, arbitrary: bare("detach") },
  { weight: 1, arbitrary: bare("alarm") },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("time passes" as const),
      ms: fc.constantFrom(100, 1_100, 6_000, 40_000),
    }),
  },
);
