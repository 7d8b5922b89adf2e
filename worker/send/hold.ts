/** When a message may be sent: as its sender asked, and as the app's quota has a token for it. */
import type { SendHold } from "../../core/message/send.ts";
import { readLocal } from "../../core/time/zones.ts";
import { MeshError } from "../../schema/errors.ts";
import type { SendTime } from "../../schema/http/fields.ts";
import { LIMITS } from "../../schema/limits.ts";

/** How far behind UTC the westernmost zone is: a local time may be this much later than in UTC. */
const WEST_MS = 12 * 3_600_000;
const DAYS = LIMITS.SEND_AT_MAX_MS / 86_400_000;

/**
 * @param tokenAt when there is a token, if that is later than now: milliseconds since 1970, like `now`
 * @throws MeshError `field_invalid` for a time that is too far ahead, or none
 */
export function holdFields(
  sendAt: SendTime | undefined,
  now: number,
  tokenAt?: number,
): { readonly hold?: SendHold } {
  const asked = askedHold(sendAt, now);
  if (tokenAt === undefined) return asked === undefined ? {} : { hold: asked };
  return { hold: { ...asked, at: Math.max(tokenAt, asked?.at ?? 0) } };
}

/**
 * @returns when a broadcast is to be sent, milliseconds since 1970, like `now`; undefined for at once
 * @throws MeshError `field_invalid` for a time that is too far ahead, none, or one of the devices' own
 */
export function broadcastTime(sendAt: SendTime | undefined, now: number): number | undefined {
  const asked = askedHold(sendAt, now);
  if (asked?.local !== undefined)
    throw refusedTime("a broadcast takes a time of RFC 3339, because its tags are in no time zone");
  return asked?.at === undefined || asked.at <= now ? undefined : asked.at;
}

function askedHold(sendAt: SendTime | undefined, now: number): SendHold | undefined {
  if (sendAt === undefined) return undefined;
  const isLocal = typeof sendAt === "object";
  const time = isLocal ? readLocal(sendAt.local) : Date.parse(sendAt);
  if (time === undefined || Number.isNaN(time)) throw refusedTime("there is no such day or time");
  if (time > now + LIMITS.SEND_AT_MAX_MS + (isLocal ? WEST_MS : 0))
    throw refusedTime(`is more than ${DAYS} days ahead`);
  return isLocal ? { local: sendAt.local } : { at: time };
}

function refusedTime(what: string): MeshError {
  const field = "sendAt";
  return new MeshError("field_invalid", `${field}: ${what}`, { field });
}
