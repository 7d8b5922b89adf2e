/** Messages, and the options of sending one. */
import type { ConditionBody, SendBodyInput } from "../../../schema/http.ts";
import type { MessageData } from "../body.ts";
import type { CallOptions } from "../call.ts";

export interface BroadcastOptions extends CallOptions {
  /**
   * Calls with the same key are one message, as long as the mesh remembers the first (docs/api.md). 1 to 128 visible ASCII
   * characters. Default: random, so that only the retries within one call are one message.
   */
  readonly idempotencyKey?: string;
}

export interface SendOptions extends BroadcastOptions {
  /** Seconds to wait for the device's acknowledgement, 0 to 20. Default: 5, set by the mesh. */
  readonly wait?: number;
  /** Answer as soon as the message is durable, without waiting for the device. Cannot be combined with `wait`. */
  readonly respondAsync?: boolean;
}

export type RecallOptions = CallOptions & Pick<SendOptions, "wait">;

/** The fields that every message has. */
export type Content = Omit<
  SendBodyInput,
  "to" | "filter" | "pace" | "data" | "sendAt" | "validateOnly"
> & {
  /**
   * When to send it, at most 30 days ahead; in the past: now. A `Date` or a time of RFC 3339, or a local time such as
   * `{ local: "2026-12-24T18:00" }` in the time zone of the device. The ttl counts from then.
   */
  readonly sendAt?: Date | SendBodyInput["sendAt"];
  /** An object, text, or bytes, which arrive as bytes. */
  readonly data?: MessageData | undefined;
  /**
   * Instead of `data`: an object as JSON text, sent exactly as written. `1.50` stays `1.50`, and the mesh refuses a duplicate
   * member. The device reads it as `message.json`.
   */
  readonly json?: string | undefined;
};

/** A message to one registration. */
export type SingleMessage = Content & {
  /** A regId. */
  readonly to: string;
  /**
   * Encrypt the data and the notification to the key of the registration, end to end (RFC 8291): the mesh cannot read them. At most 3,992 bytes; the
   * device needs `pushmesh/encryption`. See `encryption`.
   */
  readonly encrypt?: boolean;
};

/** A message to all holders of an alias. */
export type AliasMessage = Content & {
  readonly to: {
    readonly alias: string;
    /** Withdraw it from the others once one has it. Default false. */
    readonly firstAckWins?: boolean;
  };
};

/** One message to many registrations, or to the holders of many aliases. */
export type ManyMessage = Content & {
  readonly to:
    | { readonly regIds: readonly string[] }
    | { readonly aliases: readonly string[]; readonly firstAckWins?: boolean };
};

/** A message of a batch. Its key is like that of `SendOptions`; without one it is the place in the batch that tells the message from the others. */
export type BatchedMessage = (SingleMessage | AliasMessage | BroadcastMessage) & {
  readonly idempotencyKey?: string;
};

/** A message to a tag, to a condition over tags, or to all devices of the app. */
export type BroadcastMessage = Omit<
  Content,
  "onOverflow" | "sendAt" | "ignoreQuietHours" | "trace" | "receipts"
> &
  Pick<SendBodyInput, "filter" | "pace"> & {
    /** When to send it, at most 30 days ahead: a Date, or text of RFC 3339. */
    readonly sendAt?: Date | string;
    readonly to:
      | { readonly tag: string }
      | { readonly condition: ConditionBody }
      | { readonly everyone: true };
  };
