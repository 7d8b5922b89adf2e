/** Shared aliases with `firstAckWins`: notifies the alias of the first acknowledgement, so that the other holders withdraw the message. */
import { backoffMs, isDue } from "../../backoff.ts";
import type { CallResult, Context } from "../../link/effects.ts";
import { decodeKey } from "../../message/key.ts";
import { aliasObjectName } from "../../tag/name.ts";
import type { Calls } from "../calls.ts";
import type { Registration } from "../registration.ts";
import type { MailStore } from "../store.ts";
import type { Outcomes, Untold } from "./outcomes.ts";

interface FirstAckParts {
  readonly store: Pick<MailStore, "deleteMail">;
  readonly outcomes: Outcomes;
  readonly calls: Calls;
  /** The name of the device's object. */
  readonly name: string;
  /** 0 to 1, different for each device, so that a failure of all devices is not retried by all at once. */
  readonly spread: number;
}

/** A message that this device was the first to acknowledge. */
interface FirstAck extends Untold {
  readonly seq: number;
  readonly rowSeq: number;
  readonly isStored: boolean;
}

interface Retry {
  readonly registration: Registration;
  readonly untold: Untold;
  failures: number;
  /** When to retry, milliseconds since 1970; null while a call is in progress. */
  dueAt: number | null;
}

export class FirstAcks {
  readonly #parts: FirstAckParts;
  /** Rows that stay until the first answer, by slot: after a crash they are sent, acknowledged and notified again. */
  readonly #rows = new Map<number, Set<number>>();
  /** Notifications to retry, by message key. */
  readonly #retries = new Map<string, Retry>();
  #isLoaded = false;

  constructor(parts: FirstAckParts) {
    this.#parts = parts;
  }

  /** When to call `onDeadline`, with or without a link; null for never. */
  get deadline(): number | null {
    let first: number | null = null;
    for (const { dueAt } of this.#retries.values()) {
      if (dueAt !== null) first = Math.min(first ?? dueAt, dueAt);
    }
    return first;
  }

  /**
   * Notifies the alias, and retries until all holders have been told or the message has expired. After the first failure the
   * notification is stored in the row of outcomes, so that it survives the object.
   *
   * @param onSettled called once, when a kill can no longer send the message again: its row is deleted, or there was none
   */
  notify(
    registration: Registration,
    { isStored, rowSeq, ...untold }: FirstAck,
    onSettled: (context: Context) => void,
    context: Context,
  ): void {
    const { slot } = registration;
    const rows = this.#rows.get(slot) ?? new Set<number>();
    const { expiresAt } = untold;
    if (isStored) this.#rows.set(slot, rows.add(rowSeq));
    const done = (isTold: boolean, later: Context): void => {
      if (!isTold && later.now < expiresAt) {
        // An ended registration must not leave a row that nobody deletes.
        if (registration.record.endedAt === null) this.#parts.outcomes.addUntold(slot, untold);
        this.#failed({ registration, untold, failures: 0, dueAt: null }, later.now);
      }
      if (rows.delete(rowSeq)) this.#parts.store.deleteMail([rowSeq]);
      onSettled(later);
    };
    this.#ask(registration, untold, done, context);
  }

  /**
   * Retries the notifications that are due.
   *
   * @param registrations all of them if notifications from before this object was loaded should be found, too; default none
   */
  retryDue(context: Context, registrations: Iterable<Registration> = []): void {
    for (const registration of registrations) this.#load(registration, context.now);
    for (const again of this.#retries.values()) {
      const { registration, untold, dueAt } = again;
      if (dueAt === null || !isDue(dueAt, context.now)) continue;
      if (context.now >= untold.expiresAt) {
        this.#settle(again);
        continue;
      }
      again.dueAt = null;
      const done = (isTold: boolean, later: Context) =>
        isTold ? this.#settle(again) : this.#failed(again, later.now);
      this.#ask(registration, untold, done, context);
    }
  }

  /** Handles the alarm. The first one after a load also finds notifications that failed before. */
  onDeadline(registrations: Iterable<Registration>, context: Context): void {
    this.retryDue(context, this.#isLoaded ? [] : registrations);
    this.#isLoaded = true;
  }

  /** The registration has ended: deletes its rows. */
  end(slot: number): void {
    const rows = this.#rows.get(slot);
    if (rows === undefined) return;
    this.#parts.store.deleteMail([...rows]);
    rows.clear();
  }

  #load(registration: Registration, now: number): void {
    for (const untold of this.#parts.outcomes.untold(registration.slot)) {
      if (this.#retries.has(untold.key)) continue;
      this.#retries.set(untold.key, { registration, untold, failures: 1, dueAt: now });
    }
  }

  #failed(again: Retry, now: number): void {
    again.failures++;
    again.dueAt = now + backoffMs(again.failures, this.#parts.spread);
    this.#retries.set(again.untold.key, again);
  }

  #settle({ registration, untold }: Retry): void {
    this.#retries.delete(untold.key);
    this.#parts.outcomes.removeUntold(registration.slot, untold.key);
  }

  #ask(
    { generation, record: { app } }: Registration,
    { alias, key, seq, fingerprint }: Untold,
    done: (isTold: boolean, later: Context) => void,
    context: Context,
  ): void {
    const holder = { device: this.#parts.name, generation };
    const call = {
      method: "firstAck",
      request: {
        ...{ app, alias, holder, key: decodeKey(key) },
        ...(seq === undefined ? {} : { seq }),
        ...(fingerprint === undefined ? {} : { fingerprint }),
      },
    } as const;
    const body = { kind: "alias", name: aliasObjectName(app, alias), call } as const;
    const ended = ({ ok }: CallResult, later: Context) => done(ok, later);
    this.#parts.calls.enqueue({ begin: () => body, done: ended }, context);
  }
}
