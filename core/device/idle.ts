/**
 * Decides when an unused account is erased, so that accounts, which cost nothing, cannot fill the storage. A clock that jumps
 * erases nothing: the account must be found idle at `LIMITS.DEVICE_IDLE_LOOKS` looks, stored durably, at least a day apart.
 */
import { LIMITS } from "../../schema/limits.ts";
import type { Account } from "./account.ts";
import type { CurrentLink } from "./current-link.ts";
import type { Mail } from "./mail/mail.ts";
import type { Registrations } from "./registrations.ts";
import type { Removals } from "./removals.ts";
import type { IdleMark } from "./store.ts";

/** Time between two looks at an idle account: one day. */
const LOOK_MS = 86_400_000;
/** If a stored time is further in the future than this, the clock was ahead when it was stored. */
const SKEW_MS = LIMITS.CLOCK_SKEW_SECONDS * 1_000;

interface IdleParts {
  readonly account: Account;
  readonly link: CurrentLink;
  readonly registrations: Registrations;
  readonly removals: Removals;
  readonly mail: Mail;
}

export class IdleWatch {
  readonly #parts: IdleParts;

  constructor(parts: IdleParts) {
    this.#parts = parts;
  }

  /**
   * When to look at the account next. Used only if no other alarm is set: moving an alarm costs a row. Null if the account
   * is not stored.
   */
  deadline(now: number): number | null {
    const { account, link, registrations, removals } = this.#parts;
    if (!account.isStored) return null;
    if (link.link !== null) return now + this.#limitMs;
    const mark = this.#mark(now);
    const isOver = mark !== null && mark.looks > LIMITS.DEVICE_IDLE_LOOKS;
    if (isOver && !registrations.hasActive) {
      if (!account.isErasable) return null;
      const banEnd = removals.lastBanEnd(now);
      if (banEnd !== null) return banEnd;
    }
    if (mark !== null) return Math.max(mark.atMs + LOOK_MS, now);
    return Math.max(Math.min(account.usedAtMs, now) + this.#limitMs, now);
  }

  /**
   * Call it at each alarm: stores whether the account is still idle.
   *
   * @returns whether the account was idle at enough looks to be erased
   */
  check(now: number): boolean {
    const { account, link, mail } = this.#parts;
    if (!account.isStored) return false;
    if (account.usedAtMs > now + SKEW_MS) account.clampFutureTimes(now);
    // Senders were told that these messages are queued.
    const isUsed = link.link !== null || mail.isWaiting;
    const isIdle = !isUsed && account.usedAtMs + this.#limitMs <= now;
    const mark = this.#mark(now);
    if (!isIdle) {
      if (account.record?.idle !== undefined) account.markIdle(null);
      return false;
    }
    if (mark !== null && mark.looks > LIMITS.DEVICE_IDLE_LOOKS) return true;
    if (mark !== null && now < mark.atMs + LOOK_MS) return false;
    const looks = (mark?.looks ?? 0) + 1;
    account.markIdle({ looks, atMs: now, usedAtMs: account.usedAtMs });
    return looks > LIMITS.DEVICE_IDLE_LOOKS;
  }

  /** The result of earlier looks; null if the account was used since, or the clock was ahead then. */
  #mark(now: number): IdleMark | null {
    const { account } = this.#parts;
    const mark = account.record?.idle;
    if (mark === undefined || mark.usedAtMs !== account.usedAtMs) return null;
    return mark.atMs > now + SKEW_MS ? null : mark;
  }

  get #limitMs(): number {
    // An account with a registration is kept longer.
    return this.#parts.registrations.hasActive ? LIMITS.DEVICE_IDLE_MS : LIMITS.ACCOUNT_IDLE_MS;
  }
}
