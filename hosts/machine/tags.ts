/** How tags are served where all objects of a mesh share one machine: bindings of every host. */
import type { Env } from "../../worker/env.ts";

/**
 * @param environment of the process. `PUSHMESH_NODE_MEMBERS` bounds the members of a node, for tests of deep trees
 */
export function tagSettings(
  environment: NodeJS.ProcessEnv = process.env,
): Pick<Env, "FAN_OUT_NODES" | "NODE_MEMBERS"> {
  const nodeMembers = environment["PUSHMESH_NODE_MEMBERS"];
  return {
    // More at once would only wait for the same thread.
    FAN_OUT_NODES: "1",
    ...(nodeMembers === undefined ? {} : { NODE_MEMBERS: nodeMembers }),
  };
}
