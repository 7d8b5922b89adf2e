/** The root of a tag's tree: what the edge asks about a tag. */
import { nodeObjectName, tagIdOf } from "../core/tag/name.ts";
import type { TagRpc } from "../objects/interfaces/rpc.ts";
import type { MeshContext } from "./context.ts";

/** A fresh stub of the root. */
export const rootOf = (c: MeshContext, app: string, tag: string): TagRpc =>
  c.env.TAGS.getByName(nodeObjectName({ app, tagId: tagIdOf(app, tag), path: "" }));
