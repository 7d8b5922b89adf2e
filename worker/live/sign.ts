/** The signature of a broadcast for those who listen live. */
import type { BroadcastRequest } from "../../core/tag/types.ts";
import type { MeshContext } from "../context.ts";

/** Null where the app has no live key. */
export async function signLive(
  _c: MeshContext,
  _broadcast: Omit<BroadcastRequest, "signature">,
): Promise<Uint8Array | null> {
  return null;
}
