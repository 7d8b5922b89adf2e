/** What differs where all objects of a mesh share one machine: bindings of every host. */
import { LIMITS } from "../../schema/limits.ts";
import type { Env } from "../../worker/env.ts";

/**
 * @param environment of the process. `PUSHMESH_NODE_MEMBERS` bounds the members of a node, for tests of deep trees
 */
export function machineSettings(
  environment: NodeJS.ProcessEnv = process.env,
): Pick<Env, "FAN_OUT_NODES" | "NODE_MEMBERS" | "RECONNECT_FIRST_MS" | "TAG_DIRECTORY_SHARDS"> {
  const nodeMembers = environment["PUSHMESH_NODE_MEMBERS"];
  return {
    // They share a thread, on which the fan-outs' common window bounds the calls; beside each other only so that a node whose
    // devices are slow to answer does not hold up the rest.
    FAN_OUT_NODES: "8",
    TAG_DIRECTORY_SHARDS: "1",
    RECONNECT_FIRST_MS: `${LIMITS.RECONNECT_FIRST_MACHINE_MS}`,
    ...(nodeMembers === undefined ? {} : { NODE_MEMBERS: nodeMembers }),
  };
}
