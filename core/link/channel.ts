/** What a channel is to the link, and the link to a channel. Adding a channel touches no other code. */
import type { ErrorCode } from "../../schema/errors.ts";
import type { Context } from "./effects.ts";

/** What a channel may do with the link while it handles a frame. */
export interface ChannelContext extends Context {
  /** Counts one command; false where it came too fast and has been refused (or the link closed). */
  admit(request?: number): boolean;
  /** Refuses a command; the link stays up. */
  refuse(code: ErrorCode, detail: string, request?: number, retryAfterMs?: number): void;
  /** Sends one frame on this channel. */
  send(body: Uint8Array): void;
  /** The same link at a later time, for an answer that is not known yet. A link that is gone takes nothing. */
  later(context: Context): ChannelContext;
}

export interface Channel {
  /** Envelope.channel. */
  readonly number: number;
  /**
   * Handles the body of one envelope.
   *
   * @throws ThriftError where the body is no frame of this channel: the link closes with `protocol_error`
   */
  receive(body: Uint8Array, context: ChannelContext): void;
  /** Encodes a refusal as a frame of this channel; without it refusals go out on the link's own channel. */
  encodeRefusal?(refusal: WireRefusal): Uint8Array;
}

/** `Refusal` of link.thrift. */
export interface WireRefusal {
  readonly code: number;
  readonly name: string;
  readonly message: string;
  readonly request?: number;
  readonly retryAfterMs?: number;
}
