/** The messages of all registrations of a device: sent, waiting, acknowledged, and what became of them. */
import type { Ack } from "../../../schema/generated/link.ts";
import { toBase64Url } from "../../../schema/text.ts";
import type { Context } from "../../link/effects.ts";
import type { HybridClock } from "../../message/clock.ts";
import type { SendAnswer, SendRequest } from "../../message/send.ts";
import type { Calls } from "../calls.ts";
import type { CurrentLink } from "../current-link.ts";
import type { Part } from "../part.ts";
import type { Registration } from "../registration.ts";
import type { Registrations } from "../registrations.ts";
import type { MailStore, OutcomeStore, SentMark } from "../store.ts";
import type { StatusAnswer, StatusRequest } from "../types.ts";
import type { Waits } from "../waits.ts";
import { Acks } from "./acks.ts";
import { Delivery } from "./delivery.ts";
import { FirstAcks } from "./first-acks.ts";
import { InFlightMail } from "./in-flight-mail.ts";
import { MailSocket } from "./mail-socket.ts";
import { Mailbox } from "./mailbox.ts";
import { Outbox } from "./outbox.ts";
import { Outcomes } from "./outcomes.ts";
import { Recalls } from "./recalls.ts";
import type { RecentKeys } from "./recent-keys.ts";
import { Senders } from "./senders.ts";
import { statusOf } from "./status.ts";

export interface MailOptions {
  readonly store: MailStore & OutcomeStore;
  readonly clock: HybridClock;
  readonly link: CurrentLink;
  readonly waits: Waits;
  readonly calls: Calls;
  readonly registrations: Registrations;
  readonly recentKeys: RecentKeys;
  /** Of the device's object. */
  readonly name: string;
  /** From 0 up to 1, another for each device. */
  readonly spread: number;
}

export class Mail implements Part {
  readonly #options: MailOptions;
  readonly #outcomes: Outcomes;
  readonly #mailbox: Mailbox;
  readonly #outbox: Outbox;
  readonly #firstAcks: FirstAcks;
  readonly #inFlight: InFlightMail;
  readonly #recalls: Recalls;
  readonly #delivery: Delivery;
  readonly #acks: Acks;

  constructor(options: MailOptions) {
    const { store, clock, link, waits, calls, name, spread } = options;
    const socket = new MailSocket(link);
    const senders = new Senders(waits);
    const outcomes = new Outcomes(store);
    const mailbox = new Mailbox(store, outcomes, senders, socket);
    const outbox = new Outbox({ mailbox, store, outcomes, socket });
    const firstAcks = new FirstAcks({ store, outcomes, calls, name, spread });
    const ended = { mailbox, outcomes, senders };
    const inFlight = new InFlightMail(ended);
    const recalls = new Recalls({ ...ended, clock, inFlight, socket });
    this.#options = options;
    this.#outcomes = outcomes;
    this.#mailbox = mailbox;
    this.#outbox = outbox;
    this.#firstAcks = firstAcks;
    this.#inFlight = inFlight;
    this.#recalls = recalls;
    this.#delivery = new Delivery({ ...ended, clock, inFlight, outbox, recalls, socket });
    this.#acks = new Acks({ ...ended, inFlight, outbox, firstAcks });
  }

  /** When the expiry of some row, or an alias that was not told, should be looked at; null for not at all. */
  get deadline(): number | null {
    const { deadline } = this.#firstAcks;
    const expiry = this.#mailbox.deadline;
    return deadline === null || expiry === null ? (deadline ?? expiry) : Math.min(deadline, expiry);
  }

  /** Whether messages wait. */
  get isWaiting(): boolean {
    return this.#mailbox.deadline !== null;
  }

  /** Whether an alias is still to be told that a message was taken here. */
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

  /** What is on the socket goes back to waiting. */
  detach(registration: Registration, context: Context): void {
    this.#inFlight.detach(registration, context);
  }

  /** What waits and what is on the socket ends `unregistered`, and whoever waits for it is told so. */
  end(registration: Registration, context: Context): void {
    this.#acks.end(registration, context);
    this.#inFlight.end(registration, context);
    this.#mailbox.clear(registration, context);
    this.#inFlight.detach(registration, context);
    this.#firstAcks.end(registration.slot);
  }

  /** Nothing of it is another life's: keys and outcomes are the registration's, whichever life it lives. */
  outlive(): void {}

  forget(slot: number): void {
    this.#outcomes.drop(slot);
    this.#options.recentKeys.drop(slot);
  }

  owes(): boolean {
    return false;
  }

  /**
   * What a send is answered where its message is known already, by its key; undefined for a new one.
   *
   * @param key of the request, base64url
   */
  answerKnown(
    registration: Registration,
    request: SendRequest,
    key: string,
    context: Context,
  ): SendAnswer | number | undefined {
    return this.#delivery.answerKnown(registration, request, key, context);
  }

  /** Accepts a new message: an answer, or a token that a `settle` effect follows for. */
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
    return this.#acks.acknowledge(registration, ack, context);
  }

  /** Another holder of a shared alias took the message of this key. */
  withdraw(registration: Registration, key: Uint8Array, context: Context): void {
    this.#recalls.withdraw(registration, toBase64Url(key), context);
  }

  /** The registration holds a shared alias no more: see `Recalls.leave`. */
  leaveAlias(registration: Registration, alias: string, context: Context): void {
    this.#recalls.leave(registration, alias, context);
  }

  /** What became of a message; it may write, see `statusOf`. */
  status(registration: Registration, request: StatusRequest, context: Context): StatusAnswer {
    const { clock } = this.#options;
    const parts = { clock, mailbox: this.#mailbox, outcomes: this.#outcomes };
    return statusOf(parts, registration, request, context);
  }

  /** The app listens on a new link. */
  attach(registration: Registration, context: Context): void {
    this.#outbox.ask(registration, context.now);
    this.#outbox.pump(registration, context);
  }

  /** The device has said, on a new link, how far it has come: see `Mailbox.replaceUnseen`. */
  replaceUnseen(registration: Registration, lastSeq: number, context: Context): void {
    this.#mailbox.replaceUnseen(registration, lastSeq, context);
  }

  /** What is on the socket is so again, after the object slept with its link open. */
  restore(marks: readonly SentMark[]): void {
    for (const [slot, high, normal, low] of marks) {
      const registration = this.#options.registrations.inSlot(slot);
      if (registration === undefined) continue;
      this.#outbox.restore(registration, 1, high);
      this.#outbox.restore(registration, 2, normal);
      this.#outbox.restore(registration, 3, low);
    }
  }

  /** Tells aliases, again, what was taken here. */
  tellAliases(context: Context): void {
    this.#firstAcks.run(context);
  }

  /** The alarm: ends what has expired, and tells aliases what they have not heard. */
  onDeadline(context: Context): void {
    const { bySlot } = this.#options.registrations;
    this.#mailbox.onDeadline(bySlot.values(), context);
    this.#firstAcks.onDeadline(bySlot.values(), context);
  }
}
