/** Messages of shared aliases that the first device to acknowledge has for itself: the alias is told to withdraw the others. */
import { backoffMs, isDue } from "../../backoff.ts";
import type { CallResult, Context } from "../../link/effects.ts";
import { bytesOfKey } from "../../message/key.ts";
import { aliasObjectName } from "../../tag/name.ts";
import type { Calls } from "../calls.ts";
import type { Registration } from "../registration.ts";
import type { MailStore } from "../store.ts";
import type { Outcomes, Untold } from "./outcomes.ts";

export interface FirstAckParts {
  readonly store: Pick<MailStore, "deleteMail">;
  readonly outcomes: Outcomes;
  readonly calls: Calls;
  /** Of the device's object. */
  readonly name: string;
  /** From 0 up to 1, another for each device: what failed for all of them is not tried by all at once. */
  readonly spread: number;
}

/** A message that this device was the first to acknowledge. */
export interface FirstAck extends Untold {
  readonly seq: number;
  readonly isStored: boolean;
}

interface Again {
  readonly registration: Registration;
  readonly untold: Untold;
  failures: number;
  /** Milliseconds since 1970; null while it is being told. */
  dueAt: number | null;
}

export class FirstAcks {
  readonly #parts: FirstAckParts;
  /** Rows that stay until a first answer, by slot: after a crash they are sent, acknowledged and told again. */
  readonly #rows = new Map<number, Set<number>>();
  /** What is to be told again, by message key. */
  readonly #again = new Map<string, Again>();
  #isLoaded = false;

  constructor(parts: FirstAckParts) {
    this.#parts = parts;
  }

  /** When `onDeadline` should be called, with a link or without; null for not at all. */
  get deadline(): number | null {
    let first: number | null = null;
    for (const { dueAt } of this.#again.values()) {
      if (dueAt !== null) first = Math.min(first ?? dueAt, dueAt);
    }
    return first;
  }

  /**
   * Tells the alias, again and again until all holders have heard of it or the message has expired: then none shows it any more.
   * Once that has failed it is in the row of outcomes, so that it outlasts the object.
   *
   * @param onSettled called once when a kill makes the message wait no more: its row is gone, or there was none
   */
  tell(
    registration: Registration,
    { isStored, ...untold }: FirstAck,
    onSettled: (context: Context) => void,
    context: Context,
  ): void {
    const { slot } = registration;
    const rows = this.#rows.get(slot) ?? new Set<number>();
    const { seq, expiresAt } = untold;
    if (isStored) this.#rows.set(slot, rows.add(seq));
    const done = (isTold: boolean, later: Context): void => {
      if (!isTold && later.now < expiresAt) {
        // What has ended leaves no row behind that nobody deletes.
        if (registration.record.endedAt === null) this.#parts.outcomes.owe(slot, untold);
        this.#failed({ registration, untold, failures: 0, dueAt: null }, later.now);
      }
      if (rows.delete(seq)) this.#parts.store.deleteMail([seq]);
      onSettled(later);
    };
    this.#ask(registration, untold, done, context);
  }

  /**
   * Tells what is due.
   *
   * @param registrations all of them, where what failed before this object was loaded is to be found too
   */
  run(context: Context, registrations: Iterable<Registration> = []): void {
    for (const registration of registrations) this.#load(registration, context.now);
    for (const again of this.#again.values()) {
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

  /** The alarm has come; the first one after a load also finds what failed before it. */
  onDeadline(registrations: Iterable<Registration>, context: Context): void {
    this.run(context, this.#isLoaded ? [] : registrations);
    this.#isLoaded = true;
  }

  /** The registration has ended, and its rows with it. */
  end(slot: number): void {
    const rows = this.#rows.get(slot);
    if (rows === undefined) return;
    this.#parts.store.deleteMail([...rows]);
    rows.clear();
  }

  #load(registration: Registration, now: number): void {
    for (const untold of this.#parts.outcomes.untold(registration.slot)) {
      if (this.#again.has(untold.key)) continue;
      this.#again.set(untold.key, { registration, untold, failures: 1, dueAt: now });
    }
  }

  #failed(again: Again, now: number): void {
    again.failures++;
    again.dueAt = now + backoffMs(again.failures, this.#parts.spread);
    this.#again.set(again.untold.key, again);
  }

  #settle({ registration, untold }: Again): void {
    this.#again.delete(untold.key);
    this.#parts.outcomes.settle(registration.slot, untold.key);
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
        ...{ app, alias, holder, key: bytesOfKey(key) },
        ...(seq === undefined ? {} : { seq }),
        ...(fingerprint === undefined ? {} : { fingerprint }),
      },
    } as const;
    const body = { kind: "alias", name: aliasObjectName(app, alias), call } as const;
    const ended = ({ ok }: CallResult, later: Context) => done(ok, later);
    this.#parts.calls.ask({ begin: () => body, done: ended }, context);
  }
}
