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
  if (c.env.WAS_ENCRYPTED?.(request)) return;
  const address = c.env.ADDRESS_OF?.(request) ?? null;
  if (address === null || !isLoopback(networkOf(address)))
    throw new MeshError("send_token_exposed");
}
