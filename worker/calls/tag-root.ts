/** Calls of the root of a tag's tree. */
import { rootObjectName } from "../../core/tag/name.ts";
import type { TagRpc } from "../../objects/interfaces/rpc.ts";
import type { CallContext } from "../context.ts";
import { wakeInTime } from "./objects.ts";

/** A fresh stub of the root. */
export const rootOf = (c: CallContext, app: string, tag: string): TagRpc =>
  c.env.TAGS.getByName(rootObjectName(app, tag));

/** Calls the root for a signed request, see `wakeInTime`. */
export const askRoot = <T>(
  c: CallContext,
  app: string,
  tag: string,
  call: (root: TagRpc) => Promise<T>,
): Promise<T> => wakeInTime(c, rootObjectName(app, tag), () => call(rootOf(c, app, tag)));
