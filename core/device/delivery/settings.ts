/** Checks the settings that a device sends. */
import type { DeliverySettings } from "../../../schema/delivery.ts";
import { MeshError } from "../../../schema/errors.ts";
import type { SetDelivery } from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { isZone } from "../../time/zones.ts";

const ALL_DAYS = 127;
const DAY_MINUTES = 1_440;

const isWithin = (value: number, least: number, most: number): boolean =>
  value >= least && value <= most;

export function settingsOf({
  paused = false,
  accept = [],
  timeZone,
  presence = false,
}: SetDelivery): DeliverySettings | MeshError {
  if (accept.length > LIMITS.ACCEPT_TIMES)
    return invalid(`${accept.length} accept times, at most ${LIMITS.ACCEPT_TIMES}`);
  for (const { days, startMinute, endMinute } of accept) {
    if (!isWithin(days, 1, ALL_DAYS)) return invalid(`the days ${days} are none of a week`);
    if (!isWithin(startMinute, 0, DAY_MINUTES - 1) || !isWithin(endMinute, 0, DAY_MINUTES))
      return invalid(`${startMinute} to ${endMinute} are no minutes of a day`);
  }
  if (timeZone !== undefined && !isZone(timeZone))
    return invalid("the time zone is none that the mesh knows");
  return { paused, accept, timeZone: timeZone ?? null, presence };
}

const invalid = (detail: string): MeshError => new MeshError("delivery_invalid", detail);
