/**
 * Recalls by senders. A message that cannot have reached the device ends as `recalled` at once. For any other message only the device knows whether its
 * app has it: the device is asked on its link, or on the next one, and its answer decides.
 */
import { isFinal } from "../../../schema/http/enums.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { toBase64Url } from "../../../schema/text.ts";
import type { Context } from "../../link/effects.ts";
import type { RecallAnswer, RecallDisplay, RecallRequest } from "../../message/recall.ts";
import type { Timelines } from "../events/timelines.ts";
import type { InFlight, Registration } from "../registration.ts";
import { idSeqOf } from "../store.ts";
import type { StatusAnswer } from "../types.ts";
import type { Waiter, Waits } from "../waits.ts";
import type { InFlightParts } from "./in-flight-mail.ts";
import type { MailSocket } from "./mail-socket.ts";
import type { Outbox } from "./outbox.ts";
import { queryFieldsOf, queryFor } from "./send-rules.ts";

interface SenderRecallParts extends InFlightParts {
  readonly waits: Waits;
  readonly outbox: Outbox;
  readonly socket: MailSocket;
  readonly timelines: Timelines;
  readonly statusOf: (
    registration: Registration,
    message: { readonly key: string; readonly seq: number },
    context: Context,
  ) => StatusAnswer;
}

/** A recall that the device has not answered. */
interface OpenRecall {
  readonly seq: number;
  /** Tokens of the callers that wait for the answer. */
  readonly tokens: number[];
}

/** A device's answer: whether its app took the message off the display, and when it received it, milliseconds since 1970. */
interface DeviceAnswer {
  readonly display: "removed" | "unknown";
  readonly takenAt?: number | undefined;
}

export class SenderRecalls {
  readonly #parts: SenderRecallParts;
  /** By slot and key. Recalls that were sent on no link yet are only in the log of outcomes. */
  readonly #open = new Map<number, Map<string, OpenRecall>>();

  constructor(parts: SenderRecallParts) {
    this.#parts = parts;
  }

  /** @returns the answer, or a token whose `settle` effect follows */
  recall(
    registration: Registration,
    request: RecallRequest,
    context: Context,
  ): RecallAnswer | number {
    const { seq, waitMs } = request;
    const key = toBase64Url(request.key);
    const { statusOf, mailbox, outbox, socket, outcomes, waits } = this.#parts;
    const known = statusOf(registration, { key, seq }, context);
    if (!known.ok) return known;
    if (isFinal(known.status) && known.status !== "delivered") return known;
    const row = registration.mail.get(key);
    if (
      row !== undefined &&
      idSeqOf(row) === seq &&
      registration.unsettled(key) === undefined &&
      (registration.held.has(key) || !registration.mayHaveReceived(row))
    ) {
      mailbox.end(registration, [key], "recalled", context);
      return { ok: true, status: "recalled" };
    }
    if (!isFinal(known.status)) this.#leaveToDevice(registration, key, seq, context);
    if (socket.reaches(registration)) {
      const open = this.#openOf(registration.slot, key, seq);
      outbox.pump(registration, context);
      socket.recall(registration, { key, seq }, context);
      if (waitMs > 0) {
        const token = waits.begin(this.#waiter(registration, key));
        open.tokens.push(token);
        return token;
      }
    }
    outcomes.addRecall(registration.slot, key, seq, context.now + LIMITS.RECALL_MS);
    return this.#answer(registration, key, seq, "pending", context);
  }

  /** The app listens on a new link: sends it the recalls that it has not answered. */
  attach(registration: Registration, context: Context): void {
    const { slot } = registration;
    const { outcomes, socket } = this.#parts;
    for (const { key, seq, until } of outcomes.recalls(slot)) {
      if (until <= context.now) outcomes.removeRecall(slot, key);
      else {
        this.#openOf(slot, key, seq);
        socket.recall(registration, { key, seq }, context);
      }
    }
  }

  /** The link is lost, or the app stops listening: recalls without an answer are kept for the next link. */
  detach(registration: Registration, context: Context): void {
    const all = this.#open.get(registration.slot);
    if (all === undefined) return;
    for (const [key, { seq, tokens }] of [...all]) {
      this.#keep(registration, key, seq, context);
      this.#settle(registration, key, seq, tokens, "pending", context);
    }
    this.#open.delete(registration.slot);
  }

  /** The registration has ended, and its messages with it. */
  end({ slot }: Registration, context: Context): void {
    const answer: RecallAnswer = { ok: false, code: "unregistered" };
    for (const { tokens } of this.#open.get(slot)?.values() ?? [])
      for (const token of tokens) this.#parts.waits.settle(token, answer, context);
    this.#open.delete(slot);
  }

  /** The device has acknowledged or dropped messages: those that it dropped are recalled. */
  acknowledged(registration: Registration, context: Context): void {
    const all = this.#open.get(registration.slot);
    if (all === undefined) return;
    for (const [key, { seq, tokens }] of [...all]) {
      const known = this.#parts.statusOf(registration, { key, seq }, context);
      if (!known.ok || !isFinal(known.status) || known.status === "delivered") continue;
      this.#drop(registration, key);
      this.#settle(registration, key, seq, tokens, undefined, context);
    }
  }

  /** The device has answered a recall. */
  answered(
    registration: Registration,
    key: string,
    { display, takenAt }: DeviceAnswer,
    context: Context,
  ): void {
    const open = this.#open.get(registration.slot)?.get(key);
    // Also if nobody waits for it, and if the object has slept since it was sent.
    this.#drop(registration, key);
    if (open !== undefined)
      this.#settle(registration, key, open.seq, open.tokens, display, context, takenAt);
  }

  /** Only the device knows whether its app has the message, so the message leaves the mailbox, and ends as the device says. */
  #leaveToDevice(registration: Registration, key: string, seq: number, context: Context): void {
    const { mailbox } = this.#parts;
    const row = registration.mail.get(key);
    // Acknowledged, while its alias is being notified.
    if (registration.notifying.has(key)) return;
    const entry = registration.inFlight.get(key);
    if (row !== undefined && idSeqOf(row) === seq)
      mailbox.recallUnlessReceived(registration, new Set([row]), context);
    if (entry?.idSeq !== seq || entry.ended !== null || entry.endIfDropped !== null) return;
    const lane = row?.lane ?? entry.unstored?.lane;
    if (lane === undefined) return;
    if (row === undefined) this.#record(registration, entry);
    entry.withdrawn = true;
    entry.endIfDropped = "recalled";
    entry.unstored = queryFor(registration, lane, key, entry.fingerprint);
  }

  /** Records a message on the socket that has no row. */
  #record(registration: Registration, entry: InFlight): void {
    const { key, seq, unstored, fingerprint, firstAckAlias: alias, expiresAt } = entry;
    if (unstored === null) return;
    registration.remember(key, "sent", seq, fingerprint);
    const firstAck = alias === null ? {} : { firstAck: { alias, expiresAt } };
    const fields = { ...queryFieldsOf(entry, unstored), ...firstAck };
    const open = { key, seq, idSeq: entry.idSeq, fingerprint, ...fields };
    this.#parts.outcomes.recordSent(registration.slot, "recalled", [open]);
    this.#parts.events.persist(registration, entry);
  }

  #waiter(registration: Registration, key: string): Waiter {
    return {
      timeout: (token, context) => {
        const open = this.#open.get(registration.slot)?.get(key);
        if (open === undefined) return;
        open.tokens.splice(open.tokens.indexOf(token), 1);
        this.#keep(registration, key, open.seq, context);
        this.#settle(registration, key, open.seq, [token], "pending", context);
      },
    };
  }

  #keep({ slot }: Registration, key: string, seq: number, { now }: Context): void {
    if (!this.#parts.outcomes.hasRecall(slot, key))
      this.#parts.outcomes.addRecall(slot, key, seq, now + LIMITS.RECALL_MS);
  }

  #openOf(slot: number, key: string, seq: number): OpenRecall {
    const all = this.#open.get(slot) ?? new Map<string, OpenRecall>();
    this.#open.set(slot, all);
    const open = all.get(key) ?? { seq, tokens: [] };
    all.set(key, open);
    return open;
  }

  #drop({ slot }: Registration, key: string): void {
    const all = this.#open.get(slot);
    all?.delete(key);
    if (all?.size === 0) this.#open.delete(slot);
    if (this.#parts.outcomes.hasRecall(slot, key)) this.#parts.outcomes.removeRecall(slot, key);
  }

  #settle(
    registration: Registration,
    key: string,
    seq: number,
    tokens: readonly number[],
    display: RecallDisplay | undefined,
    context: Context,
    takenAt?: number,
  ): void {
    if (tokens.length === 0) return;
    const answer = this.#answer(registration, key, seq, display, context, takenAt);
    for (const token of tokens) this.#parts.waits.settle(token, answer, context);
  }

  #answer(
    registration: Registration,
    key: string,
    seq: number,
    display: RecallDisplay | undefined,
    context: Context,
    takenAt?: number,
  ): RecallAnswer {
    const known = this.#parts.statusOf(registration, { key, seq }, context);
    if (!known.ok) return known;
    const { status } = known;
    if (isFinal(status) && status !== "delivered") return { ok: true, status };
    const told = this.#parts.timelines.of(registration, key, seq, context.now);
    const deliveredAt = told?.find(({ event }) => event === "delivered")?.at ?? takenAt;
    return {
      ...{ ok: true, status },
      ...(display === undefined ? {} : { display }),
      ...(deliveredAt === undefined ? {} : { deliveredAt }),
    };
  }
}
