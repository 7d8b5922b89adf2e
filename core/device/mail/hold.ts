/** How long a message is held. A held message is stored at once, and takes its place in its lane when it is released. */
import { LIMITS } from "../../../schema/limits.ts";
import type { SendHold, SendRequest } from "../../message/send.ts";
import { instantOf, isZone, readLocal } from "../../time/zones.ts";
import type { MailHold } from "../store.ts";

/** The hold of a message that has not been released. */
export type Held = MailHold & Required<Pick<MailHold, "until">>;

/** @param zone of the device; a zone that this platform does not know counts as UTC */
export function heldUntil({ at = 0, local }: SendHold, zone: string): number {
  const wall = local === undefined ? undefined : readLocal(local);
  if (wall === undefined) return at;
  return Math.max(at, instantOf(isZone(zone) ? zone : "UTC", wall));
}

/** The hold of a new message; null if it may be sent now. */
export function holdOf(
  { hold }: Pick<SendRequest, "hold">,
  zone: string,
  now: number,
): Held | null {
  if (hold === undefined) return null;
  const until = heldUntil(hold, zone);
  if (until <= now) return null;
  return hold.local === undefined ? { until } : { ...hold, until };
}

/** When a held message expires. With ttl 0, a device that is connected when the message is released gets a few seconds to receive it. */
export const heldExpiry = (
  { ttlSeconds }: Pick<SendRequest, "ttlSeconds">,
  until: number,
): number => until + (ttlSeconds === 0 ? LIMITS.ACK_WAIT_DEFAULT_MS : ttlSeconds * 1_000);
