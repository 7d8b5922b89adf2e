/** What one hop costs, on a kind of host: what a simulation is driven by. */
import { LIMITS } from "../../schema/limits.ts";

export interface Profile {
  readonly name: string;
  /** All objects share one thread, so that what one does another waits for. */
  readonly oneThread: boolean;
  /** Nodes that one driver calls at once. */
  readonly parallelNodes: number;
  /**
   * Thread time of one member, µs: the call to its object, the frame, its acknowledgement, the counting. On one thread
   * all of it; otherwise what the calling node alone has to do.
   */
  readonly memberUs: number;
  /** Thread time of one node besides its members, µs: the call to it, its row, its commit. */
  readonly nodeUs: number;
  /** From the sender's request to the root's first call, ms: HTTP, the signature, the row and its sync. */
  readonly startMs: number;
  /** From one object to another and back, ms: the median; 0 within one process. */
  readonly hopMs: number;
  /** From the frame on the socket to the device's acknowledgement, ms: the median. */
  readonly deviceMs: number;
  /** Spread of both: of ten calls one takes longer than the median times e^(1.28 × spread). */
  readonly spread: number;
  /** Share of the attached devices that acknowledge nothing: gone, and nobody knows yet. */
  readonly silent: number;
}

/** What `npm run bench -- --scenario broadcast-devices` measured: see docs/benchmarks.md. */
const ONE_MACHINE = {
  oneThread: true,
  /** hosts/deno/objects/shells.ts. */
  parallelNodes: 8,
  hopMs: 0,
  deviceMs: 1,
  spread: 0.3,
  silent: 0,
} as const;

export const PROFILES = {
  deno: { name: "deno", ...ONE_MACHINE, memberUs: 60, nodeUs: 3_000, startMs: 6 },
  workerd: { name: "workerd", ...ONE_MACHINE, memberUs: 650, nodeUs: 8_000, startMs: 20 },
  /** Assumed, for it cannot be measured on one machine: objects near their devices, nodes anywhere. */
  cloudflare: {
    name: "cloudflare",
    oneThread: false,
    parallelNodes: LIMITS.FAN_OUT_NODES,
    memberUs: 100,
    nodeUs: 5_000,
    startMs: 50,
    hopMs: 40,
    deviceMs: 80,
    spread: 0.6,
    silent: 0.01,
  },
} as const satisfies Record<string, Profile>;
export type ProfileName = keyof typeof PROFILES;
