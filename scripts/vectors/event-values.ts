/** Vectors of what mesh and device say about messages that were sent before: recalls, and what happened to them. */
import {
  DeviceEventKind,
  encodeDeviceEvent,
  encodeDeviceEvents,
  encodeWithdraw,
} from "../../schema/generated/link.ts";
import { bytes, SEQ, type ValueVector, vector } from "./values.ts";

const SOURCE = "S".repeat(32);

const [shown, clicked, dismissed, recalled, unknown] = [
  { kind: DeviceEventKind.SHOWN, key: bytes(9), seq: SEQ, agoMs: 250 },
  { kind: DeviceEventKind.CLICKED, key: bytes(9), seq: SEQ, action: "yes" },
  { kind: DeviceEventKind.DISMISSED, key: bytes(9), seq: SEQ, source: SOURCE },
  { kind: DeviceEventKind.RECALLED, key: bytes(9), seq: SEQ, takenAgoMs: 60_000 },
  { kind: DeviceEventKind.UNKNOWN, key: bytes(9), seq: SEQ },
];

export const DEVICE_EVENTS = {
  ...{ request: 9, slot: 1 },
  events: [shown, clicked, dismissed, recalled, unknown],
};

export const EVENT_VALUES: readonly ValueVector[] = [
  ...vector("Withdraw", encodeWithdraw, {
    withdraw: { slot: 1, key: bytes(9) },
    "withdraw, recalled": { slot: 1, key: bytes(9), recall: true, seq: SEQ },
    "withdraw, a recalled broadcast": {
      ...{ slot: 1, key: bytes(9), recall: true, seq: SEQ },
      source: SOURCE,
    },
  }),
  ...vector("DeviceEvent", encodeDeviceEvent, {
    "device event, shown": shown,
    "device event, clicked": clicked,
    "device event, a broadcast is put away": dismissed,
    "device event, recalled": recalled,
    "device event, unknown": unknown,
  }),
  ...vector("DeviceEvents", encodeDeviceEvents, {
    "device events": DEVICE_EVENTS,
    "device events, of nothing": { request: 9, slot: 1, events: [] },
  }),
];
