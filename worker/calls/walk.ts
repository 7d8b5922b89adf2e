/** Walks the tree of the tag of all devices, whose members are the registrations of an app: one node a page. */
import { EVERYONE } from "../../core/condition/types.ts";
import type { NodeMembers } from "../../core/tag/calls/membership.ts";
import { nodeObjectName, tagIdOf } from "../../core/tag/name.ts";
import { WalkOrder } from "../../core/tag/tree/walk.ts";
import type { RegistrationsAnswerBody } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { MeshContext } from "../context.ts";
import type { Caller } from "../request/signed.ts";
import { wakeInTime } from "./objects.ts";
import { regIdOf } from "./registrations.ts";

const NOBODY: NodeMembers = { members: [], unknown: 0, children: "" };

/**
 * The members of the first node that has any, from the place of the cursor on. A node's members never move, so a registration that stands
 * throughout is on one page of a walk, once.
 *
 * @param cursor place of a node; absent for the root
 */
export async function pageOf(
  c: MeshContext,
  caller: Caller,
  cursor = "",
): Promise<RegistrationsAnswerBody> {
  const app = caller.appName;
  const tagId = tagIdOf(app, EVERYONE);
  const order = new WalkOrder(c.get("config").keyring.root, app);
  const ask = async (path: string): Promise<NodeMembers> => {
    const name = nodeObjectName({ app, tagId, path });
    const call = () => c.env.TAGS.getByName(name).members();
    return (await wakeInTime(c, name, call)) ?? NOBODY;
  };
  /** The node after this one, in depth-first order: its first child, or the next one of the nearest node above that has one. */
  const after = async (path: string, children: string): Promise<string | null> => {
    const first = order.next(path, children);
    if (first !== undefined) return path + first;
    for (let at = path.length - 1; at >= 0; at--) {
      const parent = path.slice(0, at);
      const next = order.next(parent, (await ask(parent)).children, path[at]);
      if (next !== undefined) return parent + next;
    }
    return null;
  };
  let path: string | null = order.pathAt(cursor);
  let node = NOBODY;
  for (let nodes = 0; path !== null && nodes < LIMITS.LISTED_NODES; nodes++) {
    node = await ask(path);
    path = await after(path, node.children);
    if (node.members.length + node.unknown > 0) break;
  }
  const registrations = node.members.map(([device, generation]) => ({
    regId: regIdOf(c, caller, { device, generation }),
  }));
  return { registrations, unlisted: node.unknown, next: path && order.placeOf(path) };
}
