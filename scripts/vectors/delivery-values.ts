/** Vectors of how a device wants its messages. */
import { encodeAcceptTime, encodeSetDelivery } from "../../schema/generated/link.ts";
import { type ValueVector, vector } from "./values.ts";

const [waking, night] = [
  { days: 127, startMinute: 480, endMinute: 1_320 },
  { days: 48, startMinute: 1_320, endMinute: 60 },
];

export const SET_DELIVERY = {
  ...{ request: 9, slot: 1, paused: true, accept: [waking, night] },
  ...{ timeZone: "America/Argentina/Buenos_Aires", presence: true },
};

export const DELIVERY_VALUES: readonly ValueVector[] = [
  ...vector("AcceptTime", encodeAcceptTime, { "accept time": waking, "accept time, night": night }),
  ...vector("SetDelivery", encodeSetDelivery, {
    "set delivery": SET_DELIVERY,
    "set delivery, to nothing": { request: 9, slot: 1 },
  }),
];
