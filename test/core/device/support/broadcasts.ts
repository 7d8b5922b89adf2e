/** Broadcasts as nodes hand them to a device. */
import type { LogEntry } from "../../../../core/tag/calls/broadcast.ts";
import type { DeliverRequest } from "../../../../core/tag/calls/fan-out.ts";
import type { Broadcast } from "../../../../schema/generated/link.ts";
import type { Down } from "./frames.ts";
import { keyOf, type Rig } from "./rig.ts";

/** An entry of the log of tag "x". */
export function entry(position: number, fields: Partial<LogEntry> = {}): LogEntry {
  return {
    position,
    seq: position * 2,
    expiresAt: Number.MAX_SAFE_INTEGER,
    cover: ["x"],
    condition: null,
    filter: null,
    key: keyOf(`e${position}`),
    lane: 2,
    contentType: 2,
    data: new Uint8Array(10),
    collapseKey: null,
    pace: null,
    signature: null,
    ...fields,
  };
}

/** The node of a tag calls with entries that follow each other. */
export function deliver(rig: Rig, entries: LogEntry[], fields: Partial<DeliverRequest> = {}) {
  const prev = (entries[0]?.position ?? 1) - 1;
  const request: DeliverRequest = {
    ...{ app: "a", tag: "x", path: "", prev, entries, waitMs: 5_000 },
    ...fields,
  };
  return rig.run((context) => rig.device.deliver(request, context));
}

export function broadcastsIn(frames: readonly Down[]): Broadcast[] {
  return frames.flatMap((frame) => (frame.kind === "broadcasts" ? frame.value.broadcasts : []));
}

/** Acknowledges broadcasts of slot 1. */
export function ackBroadcasts(rig: Rig, broadcasts: readonly Broadcast[]): void {
  const value = broadcasts.map(({ slot, tagRef, position }) => ({ slot, tagRef, position }));
  rig.command({ kind: "cursors", value });
}
