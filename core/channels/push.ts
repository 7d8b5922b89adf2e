/** Channel 1: commands about registrations, and acknowledgements. */

import type { MeshError } from "../../schema/errors.ts";
import {
  CHANNEL_PUSH,
  decodePushUp,
  encodePushDown,
  type PushUp,
  type Registration as WireRegistration,
} from "../../schema/generated/link.ts";
import type { Lane } from "../device/types.ts";
import type { Channel, ChannelContext } from "../link/channel.ts";
import type { Effects } from "../link/effects.ts";

/** What the push channel commands. Refusals are returned, not thrown: they are ordinary answers. */
export interface PushCommands {
  register(appId: string, now: number): WireRegistration | MeshError;
  /** Ends a registration; refused for a slot that has none. */
  unregister(slot: number, now: number, effects: Effects): MeshError | null;
  attach(slot: number, now: number, effects: Effects): MeshError | null;
  detach(slot: number, now: number, effects: Effects): MeshError | null;
  /** How many messages it acknowledged; none for an unknown slot. */
  acknowledge(slot: number, lane: Lane, seq: number, now: number, effects: Effects): number;
}

export function pushChannel(commands: PushCommands): Channel {
  return {
    number: CHANNEL_PUSH,
    encodeRefusal: (refusal) => encodePushDown({ kind: "refusal", value: refusal }),
    receive(body, context) {
      const frame = decodePushUp(body);
      if (frame.kind === "acks") receiveAcks(frame.value, commands, context);
      else if (context.admit(requestOf(frame))) receiveCommand(frame, commands, context);
    },
  };
}

/** An acknowledgement of something is free, so that a fast reader is never slowed; one of nothing counts. */
function receiveAcks(
  acks: Extract<PushUp, { kind: "acks" }>["value"],
  commands: PushCommands,
  { now, effects, admit }: ChannelContext,
): void {
  let acknowledged = 0;
  for (const { slot, priority, seq } of acks) {
    acknowledged += commands.acknowledge(slot, priority, seq, now, effects);
  }
  if (acknowledged === 0) admit();
}

function receiveCommand(
  frame: Exclude<PushUp, { kind: "acks" }>,
  commands: PushCommands,
  context: ChannelContext,
): void {
  const { now, effects } = context;
  switch (frame.kind) {
    case "register": {
      const { request, appId } = frame.value;
      const registration = commands.register(appId, now);
      if (registration instanceof Error) refuse(registration, request, context);
      else {
        const value = { request, registration };
        context.send(encodePushDown({ kind: "registered", value }));
      }
      return;
    }
    case "unregister": {
      const { request, slot } = frame.value;
      const refused = commands.unregister(slot, now, effects);
      if (refused !== null) refuse(refused, request, context);
      else context.send(encodePushDown({ kind: "unregistered", value: { request, slot } }));
      return;
    }
    case "attach":
    case "detach": {
      const refused = commands[frame.kind](frame.value.slot, now, effects);
      if (refused !== null) refuse(refused, undefined, context);
      return;
    }
    case "unknown":
      context.refuse("frame_unknown", `push frame ${frame.value}`);
  }
}

function refuse(error: MeshError, request: number | undefined, context: ChannelContext): void {
  context.refuse(error.code, error.message, request);
}

function requestOf(frame: PushUp): number | undefined {
  return frame.kind === "register" || frame.kind === "unregister" ? frame.value.request : undefined;
}
