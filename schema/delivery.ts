/** The delivery settings of an app on a device, as `SetDelivery` sets them: the same on the device and in the mesh. */
import { dataHash } from "./data-hash.ts";

/** A time of the week in which the app accepts messages. */
export interface AcceptTime {
  /** The days on which it begins: bit 0 is Monday, bit 6 Sunday. */
  readonly days: number;
  /** Minutes of the day, from 0 on. */
  readonly startMinute: number;
  /** The end, exclusive, up to 1,440. If it is not above `startMinute`, it is on the next day. */
  readonly endMinute: number;
}

export interface DeliverySettings {
  readonly paused: boolean;
  /** Empty: at any time. */
  readonly accept: readonly AcceptTime[];
  /** IANA name; null if the device has told none. */
  readonly timeZone: string | null;
  /** Whether the app's server may see when the device was last connected. */
  readonly presence: boolean;
  /** The user lets the app show no notifications. Absent for false. */
  readonly silenced?: true;
}

export const NO_SETTINGS: DeliverySettings = {
  paused: false,
  accept: [],
  timeZone: null,
  presence: false,
};

/** The hash in `Registration.delivery`, by which a device sees whether the mesh has the settings that it wants; 0 for `NO_SETTINGS`. */
export function settingsHash(settings: DeliverySettings): number {
  const { paused, accept, timeZone, presence, silenced } = settings;
  if (!paused && accept.length === 0 && timeZone === null && !presence && !silenced) return 0;
  const times = accept.map(({ days, startMinute, endMinute }) => [days, startMinute, endMinute]);
  const all = [paused, times, timeZone, presence, ...(silenced ? [true] : [])];
  return dataHash(new TextEncoder().encode(JSON.stringify(all)));
}
