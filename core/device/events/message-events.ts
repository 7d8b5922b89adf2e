/**
 * What happens to followed messages. Every step and every end of a message passes `tell`, which does nothing for a message that nobody follows, except
 * that it tells the acceptance of one with a label. Sinks store what they need: the timeline a row, receipts an entry in their outbox.
 */
import type { MessageEventName } from "../../../schema/http/enums.ts";
import type { Context } from "../../link/effects.ts";
import type { KeptOptions } from "../../message/options.ts";
import type { Registration } from "../registration.ts";
import { isFollowed } from "./follow.ts";

/** A message as the mailbox, the socket and the log of outcomes have it. */
export interface ToldMessage {
  /** Message key, base64url. */
  readonly key: string;
  /** See `idSeqOf`. */
  readonly idSeq: number;
  /** Lacks the label for a message with ttl 0 whose link was lost. */
  readonly options?: KeptOptions | null | undefined;
  /** Of a broadcast: the tag that numbered it, as in the part of its ID after the dot. Absent for a message to the registration. */
  readonly source?: string;
  /** Of `clicked`: the notification's action, unless the notification itself was clicked. */
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
   * Called in the order of the events of a message, in the handler in which each happens, so that what it writes is committed with the event. After a
   * kill, the events of messages that were not stored or were on their way to the device may repeat.
   */
  take(event: FollowedEvent, context: Context): void;
  /** The message has not ended, and has no row: stores the events so far. */
  persist?(message: ToldMessage, registration: Registration): void;
}

export class MessageEvents {
  readonly #sinks: readonly EventSink[];

  constructor(sinks: readonly EventSink[]) {
    this.#sinks = sinks;
  }

  /** Passes an event of a message to the sinks. @param at when it happened, milliseconds since 1970 */
  tell(
    registration: Registration,
    { key, idSeq: seq, options, source, action }: ToldMessage,
    event: MessageEventName,
    context: Context,
    at = context.now,
  ): void {
    const isListed = event === "accepted" && options?.label !== undefined;
    if (!options || !(isListed || isFollowed(options))) return;
    const told: FollowedEvent = {
      ...{ registration, key, seq, options, event, at },
      ...(source === undefined ? {} : { source }),
      ...(action === undefined ? {} : { action }),
    };
    for (const sink of this.#sinks) sink.take(told, context);
  }

  /** The message has not ended, and has no row: its events must survive this process. */
  persist(registration: Registration, message: ToldMessage): void {
    if (!isFollowed(message.options)) return;
    for (const sink of this.#sinks) sink.persist?.(message, registration);
  }
}
