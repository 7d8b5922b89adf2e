/** Calls from the edge to objects, and their refusals. */
import type { Refused } from "../core/device/types.ts";
import { MeshError } from "../schema/errors.ts";

export { callObject, callOnce } from "../objects/call.ts";

/** A device's refusal as an error. */
export function refusal({ code, detail, retryAfterMs }: Refused): MeshError {
  return new MeshError(code, detail, retryAfterMs === undefined ? {} : { retryAfterMs });
}
