/** Whether others could have read a request on its way. */
import { MeshError } from "../../schema/errors.ts";
import type { MeshContext } from "../context.ts";
import { isLoopback, networkOf } from "./network.ts";

/**
 * Refuses a secret that came in the clear over a network. It is not looked up: whoever reads along must not learn whether it is right.
 *
 * @throws MeshError `send_token_exposed`
 */
export function requireConfidential(c: MeshContext): void {
  const request = c.req.raw;
  const wasEncrypted = c.env.WAS_ENCRYPTED?.(request) ?? null;
  if (wasEncrypted === true) return;
  const address = c.env.ADDRESS_OF?.(request) ?? null;
  const isLocal = address !== null && isLoopback(networkOf(address));
  if (wasEncrypted === false || !isLocal) throw new MeshError("send_token_exposed");
}
