/** Checks the settings that a device sends. */
import type { DeliverySettings } from "../../../schema/delivery.ts";
import { MeshError } from "../../../schema/errors.ts";
import type { SetDelivery } from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { isZone } from "../../time/zones.ts";

/** One bit a day. */
const ALL_DAYS = 127;
const DAY_MINUTES = 1_440;

const isWithin = (value: number, least: number, most: number): boolean =>
  value >= least && value <= most;

export function settingsOf({
  paused = false,
  accept = [],
  timeZone,
  presence = false,
  silenced = false,
}: SetDelivery): DeliverySettings | MeshError {
  if (accept.length > LIMITS.ACCEPT_TIMES)
    return invalid(`accept: ${accept.length} times; at most ${LIMITS.ACCEPT_TIMES}`);
  for (const { days, startMinute, endMinute } of accept) {
    if (!isWithin(days, 1, ALL_DAYS)) return invalid(`days: ${days}; must be 1 to ${ALL_DAYS}`);
    if (!isWithin(startMinute, 0, DAY_MINUTES - 1))
      return invalid(`startMinute: ${startMinute}; must be 0 to ${DAY_MINUTES - 1}`);
    if (!isWithin(endMinute, 0, DAY_MINUTES))
      return invalid(`endMinute: ${endMinute}; must be 0 to ${DAY_MINUTES}`);
  }
  if (timeZone !== undefined && !isZone(timeZone))
    return invalid("timeZone: is no IANA time zone that the mesh knows");
  return { paused, accept, timeZone: timeZone ?? null, presence, ...(silenced && { silenced }) };
}

const invalid = (detail: string): MeshError => new MeshError("delivery_invalid", detail);
