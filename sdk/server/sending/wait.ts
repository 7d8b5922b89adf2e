/** How long a send waits for the device. */
import { LIMITS } from "../../../schema/limits.ts";
import { optionError } from "../errors.ts";
import type { SendOptions } from "./message.ts";

/** @returns undefined: as long as the mesh does by itself. @throws PushServerError `option_invalid` */
export function waitMsOf({ wait, respondAsync }: SendOptions): number | undefined {
  if (wait === undefined) return respondAsync === true ? 0 : undefined;
  if (respondAsync === true) throw optionError("give wait or respondAsync, not both");
  if (!Number.isInteger(wait) || wait < 0 || wait * 1_000 > LIMITS.ACK_WAIT_MAX_MS) {
    throw optionError(
      `wait: ${wait} must be whole seconds, 0 to ${LIMITS.ACK_WAIT_MAX_MS / 1_000}`,
    );
  }
  return wait * 1_000;
}

/** `Prefer` (RFC 7240); null for none. @throws PushServerError `option_invalid` */
export function preferOf(options: SendOptions): string | null {
  waitMsOf(options);
  if (options.wait !== undefined) return `wait=${options.wait}`;
  return options.respondAsync === true ? "respond-async" : null;
}
