/** Bindings that differ if all objects share one machine: the same for every host. */
import { LIMITS } from "../../schema/limits.ts";
import type { Env } from "../../worker/env.ts";

/**
 * @param environment of the process. `PUSHMESH_NODE_MEMBERS` limits the members of a node, for tests of deep trees
 */
export function machineSettings(
  environment: NodeJS.ProcessEnv = process.env,
): Pick<Env, "FAN_OUT_NODES" | "NODE_MEMBERS" | "RECONNECT_FIRST_MS" | "TAG_DIRECTORY_SHARDS"> {
  const nodeMembers = environment["PUSHMESH_NODE_MEMBERS"];
  return {
    // All nodes share a thread, so concurrency gains nothing but this: a node whose devices answer slowly does not delay the others.
    FAN_OUT_NODES: "8",
    TAG_DIRECTORY_SHARDS: "1",
    RECONNECT_FIRST_MS: `${LIMITS.RECONNECT_FIRST_MACHINE_MS}`,
    ...(nodeMembers === undefined ? {} : { NODE_MEMBERS: nodeMembers }),
  };
}
