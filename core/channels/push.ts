/** Channel 1: commands about registrations, and acknowledgements. */
import { ERRORS, type MeshError } from "../../schema/errors.ts";
import {
  type Ack,
  CHANNEL_PUSH,
  type Cursor,
  type Describe,
  type DeviceEvents,
  decodePushUp,
  encodePushDown,
  type Grant,
  type PublishKey,
  type PushUp,
  type Register,
  type Report,
  type Sealed,
  type SetAlias,
  type SetDelivery,
  type SetKey,
  type Subscribe,
  type Upstream,
  type Registration as WireRegistration,
} from "../../schema/generated/link.ts";
import type { Channel, ChannelContext } from "../link/channel.ts";
import type { Context } from "../link/effects.ts";
import type { CommandAnswer, Refused } from "../message/refusal.ts";

type AckFrames = Extract<PushUp, { kind: "acks" | "cursors" }>;
/** Never sealed: a registration may have no key yet, and whoever holds the connection can attach and detach by ending it. */
type PlainCommand = Extract<PushUp, { kind: "register" | "attach" | "detach" | "unknown" }>;

/** What a registration with a key seals. */
export type SealedCommand = Exclude<PushUp, AckFrames | PlainCommand | { kind: "sealed" }>;

export function isCommandInside(frame: PushUp): frame is SealedCommand {
  switch (frame.kind) {
    case "acks":
    case "cursors":
    case "register":
    case "attach":
    case "detach":
    case "sealed":
    case "unknown":
      return false;
    default:
      return true;
  }
}

/** Receives the answer of a command, at once or later. */
export type OnAnswer = (answer: CommandAnswer, context: Context) => void;

/** The same of a registration. */
type OnRegistered = (answer: WireRegistration | Refused, context: Context) => void;

/** The tags and aliases of a registration, in one or more parts that each fit into a frame. */
type DescribedParts = readonly {
  readonly tags: readonly string[];
  readonly aliases: readonly string[];
}[];

/** The commands of the push channel. Refusals are returned, not thrown: they are ordinary answers. */
export interface PushCommands {
  /** @returns a refusal, or null if `onAnswer` gets the answer */
  register(command: Register, onAnswer: OnRegistered, context: Context): MeshError | null;
  /** @returns as `subscribe` */
  renew(command: Grant, onAnswer: OnAnswer, context: Context): MeshError | null;
  /** Ends a registration. Refused for a slot without one. */
  unregister(slot: number, context: Context): MeshError | null;
  attach(slot: number, context: Context): MeshError | null;
  detach(slot: number, context: Context): MeshError | null;
  /** @returns the number of messages that it acknowledged; 0 for an unknown slot */
  acknowledge(ack: Ack, context: Context): number;
  /** @returns whether it acknowledged any broadcast */
  acknowledgeBroadcasts(cursor: Cursor, context: Context): boolean;
  /** @returns a refusal, or null if `onAnswer` gets the answer */
  subscribe(command: Subscribe, onAnswer: OnAnswer, context: Context): MeshError | null;
  /** @returns as `subscribe` */
  setAlias(command: SetAlias, onAnswer: OnAnswer, context: Context): MeshError | null;
  report(command: Report): MeshError | null;
  /** What happened to messages on the device. */
  happened(command: DeviceEvents, context: Context): MeshError | null;
  /** @returns as `subscribe` */
  upstream(command: Upstream, onAnswer: OnAnswer, context: Context): MeshError | null;
  publishKey(command: PublishKey, context: Context): MeshError | null;
  setDelivery(command: SetDelivery, context: Context): MeshError | null;
  describe(slot: number): DescribedParts | MeshError;
  /** Begins an epoch. @returns a refusal */
  setKey(command: SetKey, context: Context): MeshError | null;
  /** Attaches the registration of the slot if its app listens. */
  settle(slot: number, context: Context): void;
  /** Whether the registration takes the command as it is. @returns a refusal */
  refusePlain(command: SealedCommand): MeshError | null;
  /** The command in a sealed frame, or a refusal. */
  open(sealed: Sealed): SealedCommand | MeshError;
  /** Seals an encoded PushDown for the registration of the slot, if it has a key. */
  sealTo(slot: number, frame: Uint8Array, now: number): Uint8Array;
}

export function pushChannel(commands: PushCommands): Channel {
  return {
    number: CHANNEL_PUSH,
    encodeRefusal: (refusal) => encodePushDown({ kind: "refusal", value: refusal }),
    receive(body, context) {
      const frame = decodePushUp(body);
      if (frame.kind === "acks" || frame.kind === "cursors") {
        receiveAcks(frame, commands, context);
      } else if (!context.admit(requestOf(frame))) return;
      else if (frame.kind === "sealed") receiveSealed(frame.value, commands, context);
      else {
        const refused = isCommandInside(frame) ? commands.refusePlain(frame) : null;
        if (refused !== null) refuse(refused, requestOf(frame), context);
        else receiveCommand(frame, commands, context);
      }
    },
  };
}

function receiveSealed(sealed: Sealed, commands: PushCommands, context: ChannelContext): void {
  const command = commands.open(sealed);
  if (command instanceof Error) refuse(command, sealed.request, context);
  else receiveCommand(command, commands, silent(context));
}

/** Refusals are not sealed: those of a sealed command say what happened, and name nothing that was in it. */
const silent = (context: ChannelContext): ChannelContext => ({
  ...context,
  refuse: (code, _detail, request, retryAfterMs) =>
    context.refuse(code, ERRORS[code].title, request, retryAfterMs),
  later: (other) => silent(context.later(other)),
});

/** An acknowledgement does not count against the rate limit, so that a fast reader is not slowed, unless it acknowledges nothing. */
function receiveAcks(frame: AckFrames, commands: PushCommands, context: ChannelContext): void {
  let acknowledged = 0;
  if (frame.kind === "acks") {
    for (const ack of frame.value) acknowledged += commands.acknowledge(ack, context);
  } else {
    for (const cursor of frame.value) {
      if (commands.acknowledgeBroadcasts(cursor, context)) acknowledged++;
    }
  }
  if (acknowledged === 0) context.admit();
}

function receiveCommand(
  frame: SealedCommand | PlainCommand,
  commands: PushCommands,
  context: ChannelContext,
): void {
  switch (frame.kind) {
    case "register": {
      const { request } = frame.value;
      const onAnswer: OnRegistered = (answer, when) => {
        const later = context.later(when);
        if ("ok" in answer) refuseLater(answer, request, later);
        else {
          const value = { request, registration: answer };
          later.send(encodePushDown({ kind: "registered", value }));
        }
      };
      const refused = commands.register(frame.value, onAnswer, context);
      if (refused !== null) refuse(refused, request, context);
      return;
    }
    case "grant": {
      const { request } = frame.value;
      const refused = commands.renew(frame.value, whenDone(request, context), context);
      if (refused !== null) refuse(refused, request, context);
      return;
    }
    case "unregister": {
      const { request, slot } = frame.value;
      const refused = commands.unregister(slot, context);
      if (refused !== null) refuse(refused, request, context);
      else context.send(encodePushDown({ kind: "unregistered", value: { request, slot } }));
      return;
    }
    case "attach":
    case "detach": {
      const refused = commands[frame.kind](frame.value.slot, context);
      if (refused !== null) refuse(refused, undefined, context);
      return;
    }
    case "subscribe": {
      const { request } = frame.value;
      const refused = commands.subscribe(frame.value, whenDone(request, context), context);
      if (refused !== null) refuse(refused, request, context);
      return;
    }
    case "setAlias": {
      const { request } = frame.value;
      const refused = commands.setAlias(frame.value, whenDone(request, context), context);
      if (refused !== null) refuse(refused, request, context);
      return;
    }
    case "upstream": {
      const { request } = frame.value;
      const refused = commands.upstream(frame.value, whenDone(request, context), context);
      if (refused !== null) refuse(refused, request, context);
      return;
    }
    case "report":
    case "delivery":
    case "events":
    case "publishKey": {
      const { request } = frame.value;
      const refused = carryOut(frame, commands, context);
      if (refused !== null) refuse(refused, request, context);
      else context.send(encodePushDown({ kind: "done", value: { request } }));
      return;
    }
    case "setKey": {
      const { request, slot } = frame.value;
      const refused = commands.setKey(frame.value, context);
      if (refused !== null) refuse(refused, request, context);
      else {
        context.send(encodePushDown({ kind: "done", value: { request } }));
        commands.settle(slot, context);
      }
      return;
    }
    case "describe":
      describe(frame.value, commands, context);
      return;
    case "unknown":
      context.refuse("frame_unknown", `push frame ${frame.value}`);
  }
}

/** A command that is answered at once. */
function carryOut(
  frame: Extract<SealedCommand, { kind: "report" | "delivery" | "events" | "publishKey" }>,
  commands: PushCommands,
  context: Context,
): MeshError | null {
  if (frame.kind === "report") return commands.report(frame.value);
  if (frame.kind === "events") return commands.happened(frame.value, context);
  if (frame.kind === "delivery") return commands.setDelivery(frame.value, context);
  return commands.publishKey(frame.value, context);
}

/** Answers a command once its calls are done. */
function whenDone(request: number, context: ChannelContext): OnAnswer {
  return (answer, when) => {
    const later = context.later(when);
    if (answer.ok) later.send(encodePushDown({ kind: "done", value: { request } }));
    else refuseLater(answer, request, later);
  };
}

const refuseLater = (answer: Refused, request: number, later: ChannelContext): void =>
  later.refuse(
    answer.code,
    answer.detail ?? ERRORS[answer.code].title,
    request,
    answer.retryAfterMs,
  );

function describe(
  { request, slot }: Describe,
  commands: PushCommands,
  context: ChannelContext,
): void {
  const described = commands.describe(slot);
  if (described instanceof Error) {
    refuse(described, request, context);
    return;
  }
  described.forEach((part, at) => {
    const more = at + 1 < described.length;
    const value = { request, ...part, ...(more ? { more } : {}) };
    const frame = encodePushDown({ kind: "described", value });
    context.send(commands.sealTo(slot, frame, context.now));
  });
}

function refuse(error: MeshError, request: number | undefined, context: ChannelContext): void {
  context.refuse(error.code, error.message, request, error.retryAfterMs);
}

function requestOf(frame: PushUp): number | undefined {
  switch (frame.kind) {
    case "register":
    case "grant":
    case "unregister":
    case "subscribe":
    case "setAlias":
    case "report":
    case "events":
    case "publishKey":
    case "delivery":
    case "describe":
    case "setKey":
    case "sealed":
      return frame.value.request;
    default:
      return undefined;
  }
}
