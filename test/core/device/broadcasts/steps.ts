/** What may happen to a device in tags, as data: fast-check makes lists of it, and shrinks them. */
import fc from "fast-check";

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
  | { readonly kind: "node gives up waiting"; readonly call: number }
  | { readonly kind: "carried out" | "answered" | "failed"; readonly call: number }
  | { readonly kind: "device reads"; readonly acknowledges: boolean }
  | { readonly kind: "send"; readonly waits: boolean }
  | { readonly kind: "connect"; readonly cursors: boolean }
  | { readonly kind: "lose" | "sleep" | "kill" | "attach" | "detach" | "alarm" }
  | { readonly kind: "time passes"; readonly ms: number };

/** The last is the tag of all devices. */
export const TAGS = ["x", "y", "z", ""] as const;

const own = fc.nat({ max: TAGS.length - 2 });
const any = fc.nat({ max: TAGS.length - 1 });
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
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("node gives up waiting" as const), call }),
  },
  { weight: 10, arbitrary: fc.record({ kind: fc.constant("carried out" as const), call }) },
  { weight: 24, arbitrary: fc.record({ kind: fc.constant("answered" as const), call }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("failed" as const), call }) },
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
  { weight: 2, arbitrary: bare("kill") },
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
