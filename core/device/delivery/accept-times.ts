/** When a registration accepts messages: the times of the week that its device has set, in the device's time zone. */
import type { AcceptTime, DeliverySettings } from "../../../schema/delivery.ts";
import { instantOf, isZone, wallClock } from "../../time/zones.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** 1 January 1970 was a Thursday; Monday is 0. */
const FIRST_WEEKDAY = 3;
/** The next accept time begins within a week, and lasts at most a day. */
const AHEAD_DAYS = 8;

export interface AcceptState {
  readonly isOpen: boolean;
  /** When that changes at the earliest, milliseconds since 1970. */
  readonly changesAt: number;
}

/** @param now milliseconds since 1970 */
export function acceptState(
  { accept, timeZone }: Pick<DeliverySettings, "accept" | "timeZone">,
  now: number,
): AcceptState {
  if (accept.length === 0) return { isOpen: true, changesAt: Number.POSITIVE_INFINITY };
  const zone = timeZone !== null && isZone(timeZone) ? timeZone : "UTC";
  const today = Math.floor(wallClock(zone, now) / DAY_MS);
  const spans: (readonly [start: number, end: number])[] = [];
  for (let day = today - 1; day <= today + AHEAD_DAYS; day++) {
    for (const time of accept) if (beginsOn(time, day)) spans.push(spanOf(time, day, zone));
  }
  let until = now;
  // Spans without a gap between them count as one.
  for (const [start, end] of spans.sort(([a], [b]) => a - b)) {
    if (start <= until && end > until) until = end;
  }
  if (until > now) return { isOpen: true, changesAt: until };
  const next = spans.find(([start]) => start > now);
  return { isOpen: false, changesAt: next?.[0] ?? now + DAY_MS };
}

const beginsOn = ({ days }: AcceptTime, day: number): boolean =>
  ((days >> ((day + FIRST_WEEKDAY) % 7)) & 1) === 1;

function spanOf(
  { startMinute, endMinute }: AcceptTime,
  day: number,
  zone: string,
): readonly [number, number] {
  const start = day * DAY_MS + startMinute * MINUTE_MS;
  const end = day * DAY_MS + endMinute * MINUTE_MS + (endMinute <= startMinute ? DAY_MS : 0);
  return [instantOf(zone, start), instantOf(zone, end)];
}
