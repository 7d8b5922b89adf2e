/** Messages of shared aliases that the first device to acknowledge has for itself: the alias is told to withdraw the others. */
import { backoffMs, isDue } from "../../backoff.ts";
import type { CallResult, Effects } from "../../link/effects.ts";
import { aliasObjectName } from "../../tag/name.ts";
import type { Calls } from "../calls.ts";
import type { FirstAck } from "../mail/alias-ports.ts";
import { bytesOf } from "../mail/outbox.ts";
import type { Outcomes, Untold } from "../mail/outcomes.ts";
import type { Registration } from "../registration.ts";
import type { MailStore } from "../store.ts";

export interface FirstAckParts {
  readonly store: Pick<MailStore, "deleteMail">;
  readonly outcomes: Outcomes;
  readonly calls: Calls;
  /** Of the device's object. */
  readonly name: string;
  /** From 0 up to 1, another for each device: what failed for all of them is not tried by all at once. */
  readonly spread: number;
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
    onSettled: (effects: Effects) => void,
    now: number,
    effects: Effects,
  ): void {
    const { slot } = registration;
    const rows = this.#rows.get(slot) ?? new Set<number>();
    const { seq, expiresAt } = untold;
    if (isStored) this.#rows.set(slot, rows.add(seq));
    const done = (isTold: boolean, at: number, out: Effects): void => {
      if (!isTold && at < expiresAt) {
        // What has ended leaves no row behind that nobody deletes.
        if (registration.record.endedAt === null) this.#parts.outcomes.owe(slot, untold);
        this.#failed({ registration, untold, failures: 0, dueAt: null }, at);
      }
      if (rows.delete(seq)) this.#parts.store.deleteMail([seq]);
      onSettled(out);
    };
    this.#ask(registration, untold, done, now, effects);
  }

  /**
   * Tells what is due.
   *
   * @param registrations all of them, where what failed before this object was loaded is to be found too
   */
  run(now: number, effects: Effects, registrations: Iterable<Registration> = []): void {
    for (const registration of registrations) this.#load(registration, now);
    for (const again of this.#again.values()) {
      const { registration, untold, dueAt } = again;
      if (dueAt === null || !isDue(dueAt, now)) continue;
      if (now >= untold.expiresAt) {
        this.#settle(again);
        continue;
      }
      again.dueAt = null;
      const done = (isTold: boolean, at: number) =>
        isTold ? this.#settle(again) : this.#failed(again, at);
      this.#ask(registration, untold, done, now, effects);
    }
  }

  /** The alarm has come; the first one after a load also finds what failed before it. */
  onDeadline(registrations: Iterable<Registration>, now: number, effects: Effects): void {
    this.run(now, effects, this.#isLoaded ? [] : registrations);
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
    done: (isTold: boolean, at: number, effects: Effects) => void,
    now: number,
    effects: Effects,
  ): void {
    const holder = { device: this.#parts.name, generation };
    const call = {
      method: "firstAck",
      request: {
        ...{ app, alias, holder, key: bytesOf(key) },
        ...(seq === undefined ? {} : { seq }),
        ...(fingerprint === undefined ? {} : { fingerprint }),
      },
    } as const;
    const body = { kind: "alias", name: aliasObjectName(app, alias), call } as const;
    const ended = ({ ok }: CallResult, at: number, out: Effects) => done(ok, at, out);
    this.#parts.calls.ask({ begin: () => body, done: ended }, now, effects);
  }
}
