/** What may happen to a device, as data: fast-check makes lists of it, and shrinks them. */
import fc from "fast-check";

/**
 * How far a handler gets in which the process is killed: its rows are lost, they are stored and nothing leaves, or some of what it
 * says leaves: the first frame, all frames, or the answers alone.
 */
export const FATES = [
  "before the writes",
  "before the effects",
  "after one frame",
  "after the frames",
  "after the answers",
] as const;
export type Fate = (typeof FATES)[number];

/** How long a slow commit takes: shorter than any sender waits to be told that it is over. */
export const SLOW_MS = 900;

/** What comes of the calls of tags. */
export type Peers = "well" | "hanging" | "failing";

export type Step =
  | {
      readonly kind: "send";
      readonly app: number;
      readonly lane: 1 | 2 | 3;
      readonly ttlSeconds: number;
      readonly collapseKey: string | null;
      readonly onOverflow: "drop_oldest" | "reject";
      readonly waitMs: number;
      readonly bytes: number;
      readonly count: number;
      /** How many messages ago the key was used first; 0 for a new one. */
      readonly retry: number;
    }
  | { readonly kind: "device reads"; readonly frames: number; readonly acknowledges: boolean }
  | { readonly kind: "mesh reads"; readonly frames: number }
  | { readonly kind: "acknowledge"; readonly garbage: boolean }
  | { readonly kind: "attach" | "detach" | "register" | "unregister"; readonly app: number }
  | { readonly kind: "mesh loses link" | "device loses link" | "connect" | "sleep" | "alarm" }
  | { readonly kind: "kill"; readonly fate: Fate }
  /** The next commit of rows fails, or takes so many milliseconds. */
  | { readonly kind: "disk"; readonly fate: "fails" | number }
  | { readonly kind: "peers"; readonly are: Peers }
  | { readonly kind: "time passes"; readonly ms: number }
  | { readonly kind: "clock jumps"; readonly ms: number }
  | { readonly kind: "ask"; readonly message: number }
  | { readonly kind: "recall"; readonly message: number; readonly waitMs: number };

const app = fc.nat({ max: 1 });
const frames = fc.constantFrom(1, 2, 5, 1_000);

const send = fc.record({
  kind: fc.constant("send" as const),
  app,
  lane: fc.constantFrom(1, 2, 2, 3),
  ttlSeconds: fc.constantFrom(0, 1, 30, 3_600, 3_600),
  collapseKey: fc.constantFrom(null, null, null, "x", "y"),
  onOverflow: fc.constantFrom("drop_oldest", "drop_oldest", "reject"),
  waitMs: fc.constantFrom(0, 1_000, 5_000),
  bytes: fc.constantFrom(1, 20, 4_096),
  count: fc.oneof(
    { weight: 40, arbitrary: fc.constantFrom(1, 1, 2, 5) },
    { weight: 2, arbitrary: fc.constant(140) },
    { weight: 1, arbitrary: fc.constant(1_010) },
  ),
  retry: fc.constantFrom(0, 0, 0, 1, 3, 20),
});

const bare = <Kind extends string>(kind: Kind) => fc.constant({ kind });

export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 30, arbitrary: send },
  {
    weight: 20,
    arbitrary: fc.record({
      kind: fc.constant("device reads" as const),
      frames,
      acknowledges: fc.boolean(),
    }),
  },
  { weight: 20, arbitrary: fc.record({ kind: fc.constant("mesh reads" as const), frames }) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant("acknowledge" as const), garbage: fc.boolean() }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constantFrom("attach", "attach", "register", "detach", "unregister"),
      app,
    }),
  },
  { weight: 4, arbitrary: bare("mesh loses link") },
  { weight: 2, arbitrary: bare("device loses link") },
  { weight: 6, arbitrary: bare("connect") },
  { weight: 4, arbitrary: bare("sleep") },
  { weight: 2, arbitrary: bare("alarm") },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("kill" as const),
      fate: fc.constantFrom<Fate[]>(...FATES),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("disk" as const),
      fate: fc.constantFrom("fails" as const, SLOW_MS),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("peers" as const),
      are: fc.constantFrom<Peers[]>("well", "well", "hanging", "failing"),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("time passes" as const),
      ms: fc.constantFrom(1, 900, 1_100, 6_000, 40_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("clock jumps" as const),
      ms: fc.constantFrom(-7_200_000, -60_000),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({ kind: fc.constant("ask" as const), message: fc.nat({ max: 30 }) }),
  },
);

/** What the model of recalls leaves out: what takes the process a while, and clocks. */
const SLOW: ReadonlySet<Step["kind"]> = new Set(["disk", "peers", "clock jumps"]);

/** The same with senders that recall messages. */
export const recallStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: step.filter(({ kind }) => !SLOW.has(kind)) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("recall" as const),
      message: fc.nat({ max: 10 }),
      waitMs: fc.constantFrom(0, 1_000),
    }),
  },
);
