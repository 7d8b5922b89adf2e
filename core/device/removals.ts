/**
 * Registrations that app servers removed, and until when their apps refuse this device. They are stored with the account, so that they outlast
 * the registration, the link and the account's key: no other row is needed.
 */
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { Account } from "./account.ts";
import type { Removal } from "./store.ts";

export class Removals {
  readonly #account: Account;

  constructor(account: Account) {
    this.#account = account;
  }

  /** Oldest first. The device is told at each link, until it registers again. */
  get all(): readonly Removal[] {
    return this.#account.record?.removals ?? [];
  }

  /** Until when the app refuses the device, milliseconds since 1970; null if it does not. */
  bannedUntil(app: string, now: number): number | null {
    const until = this.#of(app)?.[1] ?? 0;
    return until > now ? until : null;
  }

  /** When the last ban ends; null if none lasts. Until then the account must not be erased. */
  lastBanEnd(now: number): number | null {
    const last = Math.max(0, ...this.all.map(([, until]) => until));
    return last > now ? last : null;
  }

  /**
   * The app's server removed the registration. Writes one row, or none if that is known. At `LIMITS.REMOVALS` the oldest without a ban is
   * forgotten, or the one whose ban ends first.
   *
   * @param bannedUntil null leaves a ban as it is
   */
  add(app: string, bannedUntil: number | null, now: number): void {
    const known = this.#of(app);
    const until = bannedUntil ?? known?.[1] ?? 0;
    if (known?.[1] === until) return;
    const others = this.#without(app);
    if (others.length >= LIMITS.REMOVALS) {
      const endOf = ([, end]: Removal): number => (end > now ? end : 0);
      const first = Math.min(...others.map(endOf));
      others.splice(
        others.findIndex((each) => endOf(each) === first),
        1,
      );
    }
    this.#account.setRemovals([...others, [app, until]]);
  }

  /**
   * Ends a ban. The device is still told that it was removed. Writes one row, or none without a ban.
   *
   * @returns whether a ban lasted
   */
  liftBan(app: string, now: number): boolean {
    const isBanned = this.bannedUntil(app, now) !== null;
    if ((this.#of(app)?.[1] ?? 0) > 0) this.#account.setRemovals([...this.#without(app), [app, 0]]);
    return isBanned;
  }

  /** The app registers again. Writes one row, or none if it was not removed. */
  forget(app: string): void {
    if (this.#of(app) !== undefined) this.#account.setRemovals(this.#without(app));
  }

  /** @throws MeshError banned */
  requireAllowed(app: string, now: number): void {
    const until = this.bannedUntil(app, now);
    if (until === null) return;
    const detail = `not before ${new Date(until).toISOString()}`;
    throw new MeshError("banned", detail, { retryAfterMs: until - now });
  }

  #of(app: string): Removal | undefined {
    return this.all.find(([other]) => other === app);
  }

  #without(app: string): Removal[] {
    return this.all.filter(([other]) => other !== app);
  }
}
