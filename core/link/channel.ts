/** The interfaces between the link and its channels. */
import type { ErrorCode } from "../../schema/errors.ts";
import type { Context } from "./effects.ts";

/** The link as a channel sees it while it handles a frame. */
export interface ChannelContext extends Context {
  /** Counts one command against the rate limit. False if it exceeds it: then it was refused, or the link closed. */
  admit(request?: number): boolean;
  /** Refuses a command; the link stays open. */
  refuse(code: ErrorCode, detail: string, request?: number, retryAfterMs?: number): void;
  /** Sends one frame on this channel. */
  send(body: Uint8Array): void;
  /** The same link at a later time, for a deferred answer. On a closed link it sends nothing. */
  later(context: Context): ChannelContext;
}

export interface Channel {
  /** `Envelope.channel`. */
  readonly number: number;
  /**
   * Handles the body of one envelope.
   *
   * @throws ThriftError if the body is not a frame of this channel: the link closes with `protocol_error`
   */
  receive(body: Uint8Array, context: ChannelContext): void;
  /** Encodes a refusal as a frame of this channel. Absent: refusals are sent on the link's own channel. */
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
