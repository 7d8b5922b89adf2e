/** One simulated broadcast: the shape of the tree, the times, and what is paid for it. */
import { LIMITS } from "../../schema/limits.ts";
import { type FanOut, simulateFanOut } from "./fan-out.ts";
import { waitSeconds } from "./load.ts";
import type { Passes } from "./passes.ts";
import { MESSAGES_A_REQUEST, priceOf, type Usage } from "./prices.ts";
import type { Profile } from "./profile.ts";
import { Crowd, type Shape, SimulatedNode, shapeOf } from "./trie.ts";

export interface SimulationOptions {
  readonly profile: Profile;
  /** Shared by the simulations of one profile. */
  readonly passes: Passes;
  readonly members: number;
  /** Share of them that is attached. */
  readonly online: number;
  readonly seed: number;
  /** Devices a second; null for as fast as it goes. */
  readonly pace: number | null;
}

export interface Simulation extends FanOut {
  readonly shape: Shape;
  readonly usage: Usage;
  /** Dollars. */
  readonly price: number;
}

/** Rows of the root: the entry, what became of it, and the alarm. */
const ROOT_ROWS = 3;
/** The edge's call of the root, and the root's alarm. */
const ROOT_REQUESTS = 2;

export async function simulate(options: SimulationOptions): Promise<Simulation> {
  const { members, seed } = options;
  const root = new SimulatedNode(new Crowd(members, seed), LIMITS.NODE_MEMBERS);
  const fanOut = await simulateFanOut(root, options);
  const usage = usageOf(fanOut, options.profile);
  return {
    ...fanOut,
    shape: shapeOf(root, LIMITS.NODE_MEMBERS),
    usage,
    price: priceOf(usage),
  };
}

function usageOf({ nodes, attached, nodeCalls, nodeSeconds }: FanOut, profile: Profile): Usage {
  const waited = waitSeconds(profile, LIMITS.BROADCAST_ACK_WAIT_MS);
  const acknowledgements = (attached * (1 - profile.silent)) / MESSAGES_A_REQUEST;
  return {
    workerRequests: 1,
    objectRequests: ROOT_REQUESTS + nodeCalls + attached + acknowledgements,
    rows: ROOT_ROWS + nodes - 1,
    // A device's object is in memory while it waits for the app.
    objectSeconds: nodeSeconds + attached * waited,
  };
}
