/** The device's side of the wire: frames it sends, and what it reads of the mesh's. */
import {
  CHANNEL_ECHO,
  CHANNEL_LINK,
  CHANNEL_PUSH,
  decodeEcho,
  decodeEnvelope,
  decodeLinkDown,
  decodePushDown,
  type Echo,
  encodeEcho,
  encodeEnvelope,
  encodeLinkUp,
  encodePushUp,
  type Hello,
  type LinkDown,
  type Message,
  PROTOCOL_REVISION,
  type PushDown,
  type WritablePushUp,
} from "../../../../schema/generated/link.ts";

/** Any frame of the mesh. */
export type Down = LinkDown | PushDown | { readonly kind: "echo"; readonly value: Echo };

export function hello(fields: Partial<Hello> = {}): Uint8Array<ArrayBuffer> {
  const value = { revision: PROTOCOL_REVISION, ...fields };
  return encodeEnvelope({ channel: CHANNEL_LINK, body: encodeLinkUp({ kind: "hello", value }) });
}

export function push(frame: WritablePushUp): Uint8Array<ArrayBuffer> {
  return encodeEnvelope({ channel: CHANNEL_PUSH, body: encodePushUp(frame) });
}

/** What comes back when the mesh has handled all that was sent before. */
export function echo(nonce: number, data?: Uint8Array): Uint8Array<ArrayBuffer> {
  const body = encodeEcho(data === undefined ? { nonce } : { nonce, data });
  return encodeEnvelope({ channel: CHANNEL_ECHO, body });
}

/** @throws Error for a frame of an unknown channel */
export function readDown(bytes: Uint8Array): Down {
  const { channel, body } = decodeEnvelope(bytes);
  if (channel === CHANNEL_LINK) return decodeLinkDown(body);
  if (channel === CHANNEL_PUSH) return decodePushDown(body);
  if (channel === CHANNEL_ECHO) return { kind: "echo", value: decodeEcho(body) };
  throw new Error(`channel ${channel}`);
}

/** The messages in frames, in order. */
export function messagesIn(frames: readonly Down[]): Message[] {
  return frames.flatMap((frame) => (frame.kind === "deliver" ? frame.value.messages : []));
}

/** Acknowledges each lane of these messages up to its last. */
export function acksOf(messages: readonly Message[]): Uint8Array<ArrayBuffer> {
  const lanes = new Map(
    messages.map(({ slot, priority, seq }) => [`${slot} ${priority}`, { slot, priority, seq }]),
  );
  return push({ kind: "acks", value: [...lanes.values()] });
}
