/** What may happen to the tags of an app, as data: fast-check makes lists of it, and shrinks them. */
import fc from "fast-check";
import type { Priority } from "../../../../core/message/priority.ts";

export const TAGS = ["news", "b"] as const;
export type Tag = (typeof TAGS)[number];

/** What is out of order during a probe: it fails or hangs, and all else is well. */
export type Target = "live node" | "other tag" | "node" | "device";

export type Step =
  | {
      readonly kind: "join" | "leave";
      readonly device: number;
      readonly tag: Tag;
      readonly depth: number;
      readonly waits: boolean;
    }
  | { readonly kind: "link" | "lose"; readonly device: number; readonly waits: boolean }
  | {
      readonly kind: "broadcast";
      readonly cover: readonly Tag[];
      readonly lane: Priority;
      readonly pace: number | null;
      readonly ttlSeconds: number;
      /** How long it waits for its time; 0 for ttl 0. */
      readonly delayMs: number;
      readonly waits: boolean;
    }
  /** A sender sends once more what it sent so many broadcasts ago. */
  | { readonly kind: "send again"; readonly back: number; readonly waits: boolean }
  /** A sender recalls what it sent so many broadcasts ago. */
  | { readonly kind: "recall"; readonly back: number; readonly waits: boolean }
  | {
      readonly kind: "listen";
      readonly tag: Tag;
      readonly region: string;
      readonly listeners: number;
    }
  /** A broadcast while one object is out of order: nobody else waits for it. */
  | {
      readonly kind: "probe";
      readonly target: Target;
      readonly fault: "fails" | "hangs";
      readonly forMs: number;
    }
  /** The next commit of a root fails, or takes so many milliseconds. */
  | { readonly kind: "disk"; readonly tag: Tag; readonly fate: "fails" | number }
  | { readonly kind: "pass" | "alarms"; readonly ms: number }
  /** All expires; a tag that everybody has left, or a part of its tree, is erased. */
  | { readonly kind: "kill" | "evict" | "age" };

export const DEVICES = 12;
/** Longer than anything is tried again. */
export const LASTING_SECONDS = 43_200;

const device = fc.nat(DEVICES - 1);
const tag = fc.constantFrom<Tag[]>("news", "news", "b");
/** Whether the next step comes only when this one was answered. */
const waits = fc.oneof(
  { weight: 3, arbitrary: fc.constant(true) },
  { weight: 1, arbitrary: fc.constant(false) },
);
const bare = <Kind extends string>(kind: Kind) => fc.constant({ kind });

/** By kind, so that a kind can be played alone. */
export const steps = {
  join: fc.record({ kind: fc.constant("join" as const), device, tag, depth: fc.nat(2), waits }),
  leave: fc.record({
    kind: fc.constant("leave" as const),
    device,
    tag,
    depth: fc.constant(0),
    waits,
  }),
  link: fc.record({ kind: fc.constant("link" as const), device, waits }),
  lose: fc.record({ kind: fc.constant("lose" as const), device, waits: fc.constant(true) }),
  broadcast: fc.record({
    kind: fc.constant("broadcast" as const),
    cover: fc.constantFrom<(readonly Tag[])[]>(
      ["news"],
      ["news"],
      ["b"],
      ["news", "b"],
      ["b", "news"],
    ),
    lane: fc.constantFrom<Priority[]>(1, 2, 3),
    pace: fc.constantFrom(null, 5, 50),
    ttlSeconds: fc.constantFrom(0, 1, LASTING_SECONDS, LASTING_SECONDS),
    delayMs: fc.constantFrom(0, 0, 0, 500, 30_000),
    waits,
  }),
  again: fc.record({ kind: fc.constant("send again" as const), back: fc.nat(3), waits }),
  recall: fc.record({ kind: fc.constant("recall" as const), back: fc.nat(3), waits }),
  listen: fc.record({
    kind: fc.constant("listen" as const),
    tag,
    region: fc.constantFrom("eu", "na"),
    listeners: fc.constantFrom(0, 3, 5),
  }),
  probe: fc.record({
    kind: fc.constant("probe" as const),
    target: fc.constantFrom<Target[]>("live node", "other tag", "node", "device"),
    fault: fc.constantFrom("fails" as const, "hangs" as const),
    forMs: fc.constantFrom(0, 35_000, 400_000),
  }),
  disk: fc.record({
    kind: fc.constant("disk" as const),
    tag,
    fate: fc.constantFrom("fails" as const, 900),
  }),
  pass: fc.record({ kind: fc.constant("pass" as const), ms: fc.nat(3_000) }),
  kill: bare("kill"),
  evict: bare("evict"),
  age: bare("age"),
  // Counts are told by alarms, and nodes that everybody has left close by them.
  alarms: fc.record({ kind: fc.constant("alarms" as const), ms: fc.nat(40_000) }),
} satisfies Record<string, fc.Arbitrary<Step>>;

export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: steps.join },
  { weight: 4, arbitrary: steps.leave },
  { weight: 8, arbitrary: steps.link },
  { weight: 6, arbitrary: steps.lose },
  { weight: 12, arbitrary: steps.broadcast },
  { weight: 3, arbitrary: steps.again },
  { weight: 4, arbitrary: steps.recall },
  { weight: 2, arbitrary: steps.listen },
  { weight: 1, arbitrary: steps.probe },
  { weight: 2, arbitrary: steps.disk },
  { weight: 6, arbitrary: steps.pass },
  { weight: 2, arbitrary: steps.kill },
  { weight: 4, arbitrary: steps.evict },
  { weight: 4, arbitrary: steps.alarms },
  { weight: 1, arbitrary: steps.age },
);
