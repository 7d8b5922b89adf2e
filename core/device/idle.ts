/**
 * When an account that nobody uses any more is erased: what free accounts can leave is bounded by what is in use. Nothing is
 * lost to a clock that jumps: the account is looked at on so many days, durably, and each look moves one day on at the most.
 */
import { LIMITS } from "../../schema/limits.ts";
import type { Account } from "./account.ts";
import type { CurrentLink } from "./current-link.ts";
import type { Mail } from "./mail/mail.ts";
import type { Registrations } from "./registrations.ts";
import type { IdleMark } from "./store.ts";

/** Time between two looks at an account that is idle: one day. */
const LOOK_MS = 86_400_000;
/** A clock this much behind what is stored was ahead before. */
const SKEW_MS = LIMITS.CLOCK_SKEW_SECONDS * 1_000;

export interface IdleParts {
  readonly account: Account;
  readonly link: CurrentLink;
  readonly registrations: Registrations;
  readonly mail: Mail;
}

export class Idle {
  readonly #parts: IdleParts;

  constructor(parts: IdleParts) {
    this.#parts = parts;
  }

  /**
   * When the account should be looked at next, where no alarm is set that comes earlier: an alarm is a row, so it is not
   * moved. Null for an account that is not stored.
   */
  deadline(now: number): number | null {
    const { account, link, registrations } = this.#parts;
    if (!account.isBound) return null;
    if (link.link !== null) return now + this.#limitMs;
    const mark = this.#mark(now);
    const isOver = mark !== null && mark.looks > LIMITS.DEVICE_IDLE_LOOKS;
    if (isOver && !registrations.isStanding && !account.isErasable) return null;
    if (mark !== null) return Math.max(mark.atMs + LOOK_MS, now);
    return Math.max(Math.min(account.usedAtMs, now) + this.#limitMs, now);
  }

  /**
   * The alarm has come: notes durably that the account is idle still, or that it is not.
   *
   * @returns whether it was idle at each of its looks: then it is to end
   */
  look(now: number): boolean {
    const { account, link, mail } = this.#parts;
    if (!account.isBound) return false;
    if (account.usedAtMs > now + SKEW_MS) account.correct(now);
    // Senders were told that messages wait.
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

  /** What earlier looks have found; null where the account was used since, or the clock was ahead then. */
  #mark(now: number): IdleMark | null {
    const { account } = this.#parts;
    const mark = account.record?.idle;
    if (mark === undefined || mark.usedAtMs !== account.usedAtMs) return null;
    return mark.atMs > now + SKEW_MS ? null : mark;
  }

  get #limitMs(): number {
    // An account that an app is registered for stays for longer.
    return this.#parts.registrations.isStanding ? LIMITS.DEVICE_IDLE_MS : LIMITS.ACCOUNT_IDLE_MS;
  }
}
