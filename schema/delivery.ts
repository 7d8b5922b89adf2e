/** How a device wants the messages of an app: what `SetDelivery` sets. Plain data, the same on the device and in the mesh. */
import { dataHash } from "./data-hash.ts";

/** A time of the week in which messages are sent. */
export interface AcceptTime {
  /** The days on which it begins: bit 0 is Monday, bit 6 Sunday. */
  readonly days: number;
  /** Minutes of the day, from 0 on. */
  readonly startMinute: number;
  /** The end, not included, up to 1,440; not above `startMinute`: on the next day. */
  readonly endMinute: number;
}

export interface DeliverySettings {
  readonly paused: boolean;
  /** Empty: at any time. */
  readonly accept: readonly AcceptTime[];
  /** IANA name; null if the device has told none. */
  readonly timeZone: string | null;
  /** Whether the app's server may see when the device was last there. */
  readonly presence: boolean;
}

export const NO_SETTINGS: DeliverySettings = {
  paused: false,
  accept: [],
  timeZone: null,
  presence: false,
};

/** Names settings in `Registration.delivery`, so that a device sees whether the mesh has those that it wants; 0 for `NO_SETTINGS`. */
export function settingsHash({ paused, accept, timeZone, presence }: DeliverySettings): number {
  if (!paused && accept.length === 0 && timeZone === null && !presence) return 0;
  const times = accept.map(({ days, startMinute, endMinute }) => [days, startMinute, endMinute]);
  return dataHash(new TextEncoder().encode(JSON.stringify([paused, times, timeZone, presence])));
}
