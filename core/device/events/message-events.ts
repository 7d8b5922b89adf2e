/**
 * What happens to messages that are followed. Every step and every end of a message passes `tell`, which does nothing for a message that
 * nobody follows. Sinks keep what they need of it: the timeline a row, receipts an entry of their outbox.
 */
import type { MessageEventName } from "../../../schema/http/enums.ts";
import type { Context } from "../../link/effects.ts";
import type { KeptOptions } from "../../message/options.ts";
import type { Registration } from "../registration.ts";
import { isFollowed } from "./follow.ts";

/** A message, as the mailbox, the socket and the log of outcomes know it. */
export interface ToldMessage {
  /** Message key, base64url. */
  readonly key: string;
  /** See `idSeqOf`. */
  readonly idSeq: number;
  /** Without the label for a message with ttl 0 whose link was lost. */
  readonly options?: KeptOptions | null | undefined;
  /** Of a broadcast: where its number is from, the part of its ID after the dot. Absent for a message to the registration. */
  readonly source?: string;
  /** Of `clicked`: the action of the notification, if it was one. */
  readonly action?: string;
}

/** One event of one message. */
export interface FollowedEvent {
  readonly registration: Registration;
  readonly key: string;
  /** The number in its ID. */
  readonly seq: number;
  readonly options: KeptOptions;
  readonly source?: string;
  readonly action?: string;
  readonly event: MessageEventName;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface EventSink {
  /**
   * Called in the order of the events of a message, in the handler in which each happens: what it writes is committed with that. A kill
   * may repeat the events of a message that was not stored, and of what was on its way to the device.
   */
  take(event: FollowedEvent, context: Context): void;
  /** The message stays open, and has no row: stores what it was told about it. */
  persist?(message: ToldMessage, registration: Registration): void;
}

export class MessageEvents {
  readonly #sinks: readonly EventSink[];

  constructor(sinks: readonly EventSink[]) {
    this.#sinks = sinks;
  }

  /** Something happened to a message. @param at when, milliseconds since 1970 */
  tell(
    registration: Registration,
    { key, idSeq: seq, options, source, action }: ToldMessage,
    event: MessageEventName,
    context: Context,
    at = context.now,
  ): void {
    if (!isFollowed(options)) return;
    const told: FollowedEvent = {
      ...{ registration, key, seq, options, event, at },
      ...(source === undefined ? {} : { source }),
      ...(action === undefined ? {} : { action }),
    };
    for (const sink of this.#sinks) sink.take(told, context);
  }

  /** The message stays open without a row: what was told of it must survive this process. */
  persist(registration: Registration, message: ToldMessage): void {
    if (!isFollowed(message.options)) return;
    for (const sink of this.#sinks) sink.persist?.(message, registration);
  }
}
