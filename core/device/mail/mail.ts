/** The messages of all registrations of a device: accepts, queues, sends and ends them, and answers for their status. */
import type { Ack } from "../../../schema/generated/link.ts";
import { toBase64Url } from "../../../schema/text.ts";
import type { Context } from "../../link/effects.ts";
import type { HybridClock } from "../../message/clock.ts";
import type { RecallAnswer, RecallRequest } from "../../message/recall.ts";
import type { SendAnswer, SendRequest } from "../../message/send.ts";
import type { Calls } from "../calls.ts";
import type { CurrentLink } from "../current-link.ts";
import type { MessageEvents } from "../events/message-events.ts";
import { endOf, type Timelines } from "../events/timelines.ts";
import type { Part } from "../part.ts";
import type { Registration } from "../registration.ts";
import type { Registrations } from "../registrations.ts";
import type { MailStore, OutcomeStore, SentMark } from "../store.ts";
import type { StatusAnswer, StatusRequest } from "../types.ts";
import type { Waits } from "../waits.ts";
import { Acks } from "./acks.ts";
import { Delivery } from "./delivery.ts";
import { FirstAcks } from "./first-acks.ts";
import { HeldMail } from "./held-mail.ts";
import { InFlightMail } from "./in-flight-mail.ts";
import { MailSocket } from "./mail-socket.ts";
import { Mailbox } from "./mailbox.ts";
import { Outbox } from "./outbox.ts";
import { Outcomes } from "./outcomes.ts";
import { Recalls } from "./recalls.ts";
import type { RecentKeys } from "./recent-keys.ts";
import { SenderRecalls } from "./sender-recalls.ts";
import { Senders } from "./senders.ts";
import { statusOf } from "./status.ts";

interface MailOptions {
  readonly store: MailStore & OutcomeStore;
  readonly clock: HybridClock;
  readonly link: CurrentLink;
  readonly waits: Waits;
  readonly calls: Calls;
  readonly registrations: Registrations;
  readonly recentKeys: RecentKeys;
  readonly events: MessageEvents;
  readonly timelines: Timelines;
  /** The name of the device's object. */
  readonly name: string;
  /** 0 to 1, different for each device: spreads retries. */
  readonly spread: number;
}

export class Mail implements Part {
  readonly #options: MailOptions;
  readonly #outcomes: Outcomes;
  readonly #mailbox: Mailbox;
  readonly #outbox: Outbox;
  readonly #held: HeldMail;
  readonly #firstAcks: FirstAcks;
  readonly #inFlight: InFlightMail;
  readonly #recalls: Recalls;
  readonly #senderRecalls: SenderRecalls;
  readonly #delivery: Delivery;
  readonly #acks: Acks;

  constructor(options: MailOptions) {
    const { store, clock, link, waits, calls, events, name, spread } = options;
    const socket = new MailSocket(link);
    const senders = new Senders(waits);
    const outcomes = new Outcomes(store);
    const mailbox = new Mailbox(store, outcomes, senders, socket, events);
    const outbox = new Outbox({ clock, mailbox, store, outcomes, socket, events });
    const firstAcks = new FirstAcks({ store, outcomes, calls, name, spread });
    const ended = { mailbox, outcomes, senders, events };
    const inFlight = new InFlightMail(ended);
    const recalls = new Recalls({ ...ended, clock, inFlight, socket });
    const statusOf = this.#statusOf;
    this.#senderRecalls = new SenderRecalls({
      ...{ ...ended, waits, outbox, socket, timelines: options.timelines, statusOf },
    });
    this.#options = options;
    this.#outcomes = outcomes;
    this.#mailbox = mailbox;
    this.#outbox = outbox;
    this.#held = new HeldMail({ clock, mailbox, outbox });
    this.#firstAcks = firstAcks;
    this.#inFlight = inFlight;
    this.#recalls = recalls;
    this.#delivery = new Delivery({ ...ended, clock, inFlight, outbox, recalls, socket });
    this.#acks = new Acks({ ...ended, inFlight, outbox, firstAcks });
  }

  /** When to call `onDeadline`: a row may have expired, is to be released, or an alias is to be notified again. Null for never. */
  get deadline(): number | null {
    const { deadline } = this.#firstAcks;
    const expiry = this.#mailbox.deadline;
    return deadline === null || expiry === null ? (deadline ?? expiry) : Math.min(deadline, expiry);
  }

  /** Whether messages are queued. */
  get isWaiting(): boolean {
    return this.#mailbox.deadline !== null;
  }

  /** Whether an alias has yet to be notified that this device acknowledged a message first. */
  get owesAliases(): boolean {
    return this.#firstAcks.deadline !== null;
  }

  load(registrations: ReadonlyMap<number, Registration>): void {
    const { clock } = this.#options;
    this.#mailbox.load(registrations);
    for (const { mail } of registrations.values()) {
      for (const { seq } of mail.values()) clock.observe(seq);
    }
  }

  /** Releases held messages whose time has come; call it before an event is handled. */
  release(context: Context): void {
    this.#held.release(this.#options.registrations.bySlot.values(), context);
  }

  /** Its accept time has begun: sends what waited. */
  resume(registration: Registration, context: Context): void {
    this.#outbox.pump(registration, context);
  }

  /** The registration's device is in another time zone. */
  zoneChanged(registration: Registration): void {
    this.#held.zoneChanged(registration);
  }

  /** Sends queries about messages of earlier links, and queued messages. */
  attach(registration: Registration, context: Context): void {
    this.#outbox.queueQueries(registration, context.now);
    this.#outbox.pump(registration, context);
    this.#senderRecalls.attach(registration, context);
  }

  /** Messages on the socket go back to the mailbox. */
  detach(registration: Registration, context: Context): void {
    this.#inFlight.detach(registration, context);
    this.#senderRecalls.detach(registration, context);
  }

  /** All messages, queued or on the socket, end `unregistered`, and their senders are answered. */
  end(registration: Registration, context: Context): void {
    this.#acks.end(registration, context);
    this.#inFlight.endAll(registration, context);
    this.#mailbox.endAll(registration, context);
    this.#inFlight.detach(registration, context);
    this.#firstAcks.end(registration.slot);
    this.#senderRecalls.end(registration, context);
  }

  /** Does nothing: keys and outcomes belong to the registration, whichever life it is in. */
  reopen(): void {}

  forget(slot: number): void {
    this.#outcomes.drop(slot);
    this.#options.recentKeys.drop(slot);
  }

  owes(): boolean {
    return false;
  }

  /**
   * The answer to a send whose message is known already; undefined for a new message.
   *
   * @param key the request's key, base64url
   */
  answerKnown(
    registration: Registration,
    request: SendRequest,
    key: string,
    context: Context,
  ): SendAnswer | number | undefined {
    return this.#delivery.answerKnown(registration, request, key, context);
  }

  /** Accepts a new message. @returns the answer, or a token whose `settle` effect follows */
  accept(
    registration: Registration,
    request: SendRequest,
    key: string,
    context: Context,
  ): SendAnswer | number {
    return this.#delivery.accept(registration, request, key, context);
  }

  /** See `Acks.acknowledge`. */
  acknowledge(registration: Registration, ack: Ack, context: Context): number {
    const count = this.#acks.acknowledge(registration, ack, context);
    this.#senderRecalls.acknowledged(registration, context);
    return count;
  }

  /** Another holder of a shared alias acknowledged the message with this key first. */
  withdraw(registration: Registration, key: Uint8Array, context: Context): void {
    this.#recalls.withdraw(registration, toBase64Url(key), context);
  }

  /** The registration no longer holds a shared alias: see `Recalls.releaseAlias`. */
  releaseAlias(registration: Registration, alias: string, context: Context): void {
    this.#recalls.releaseAlias(registration, alias, context);
  }

  /** Returns the status of a message. May write: see `statusOf`. */
  status(registration: Registration, request: StatusRequest, context: Context): StatusAnswer {
    const { seq } = request;
    const key = toBase64Url(request.key);
    const answer = this.#statusOf(registration, { key, seq }, context);
    const events = this.#options.timelines.of(registration, key, seq, context.now);
    if (events === undefined) return answer;
    // Its end may be forgotten everywhere else.
    const status = answer.ok ? answer.status : endOf(events);
    return status === undefined ? answer : { ok: true, status, events };
  }

  /** Recalls a message for its sender: see `SenderRecalls`. @returns the answer, or a token whose `settle` effect follows */
  recall(
    registration: Registration,
    request: RecallRequest,
    context: Context,
  ): RecallAnswer | number {
    return this.#senderRecalls.recall(registration, request, context);
  }

  /** See `SenderRecalls.answered`. */
  recallAnswered(...answer: Parameters<SenderRecalls["answered"]>): void {
    this.#senderRecalls.answered(...answer);
  }

  readonly #statusOf = (
    registration: Registration,
    message: { readonly key: string; readonly seq: number },
    context: Context,
  ): StatusAnswer => {
    const { clock } = this.#options;
    const parts = { clock, mailbox: this.#mailbox, outcomes: this.#outcomes };
    return statusOf(parts, registration, message, context);
  };

  /** Hello on a new link told the last seq that the device received: see `Mailbox.replaceUnseen`. */
  replaceUnseen(registration: Registration, lastSeq: number, context: Context): void {
    this.#mailbox.replaceUnseen(registration, lastSeq, context);
  }

  /** Marks rows as on the socket, after the object slept with its link open. */
  restore(marks: readonly SentMark[]): void {
    for (const [slot, high, normal, low] of marks) {
      const registration = this.#options.registrations.inSlot(slot);
      if (registration === undefined) continue;
      this.#outbox.restore(registration, 1, high);
      this.#outbox.restore(registration, 2, normal);
      this.#outbox.restore(registration, 3, low);
    }
  }

  /** Retries the notifications of aliases that are due. */
  notifyAliases(context: Context): void {
    this.#firstAcks.retryDue(context);
  }

  /** Handles the alarm: expires messages, and notifies aliases. */
  onDeadline(context: Context): void {
    const { bySlot } = this.#options.registrations;
    this.#mailbox.onDeadline(bySlot.values(), context);
    this.#firstAcks.onDeadline(bySlot.values(), context);
  }
}
