/** Ends registrations that others end: the app's server removes them, or the app is deleted. The device is told. */
import type { Context } from "../../link/effects.ts";
import type { Refused } from "../../message/refusal.ts";
import type { Account } from "../account.ts";
import type { CurrentLink } from "../current-link.ts";
import { type DeviceIdentity, wireRemoval } from "../identity.ts";
import type { Lifecycle } from "../lifecycle.ts";
import type { Registration } from "../registration.ts";
import type { Registrations } from "../registrations.ts";
import type { Removals } from "../removals.ts";
import type { RemoveAnswer, RemoveRequest } from "../types.ts";

interface EvictionParts {
  readonly account: Account;
  readonly registrations: Registrations;
  readonly removals: Removals;
  readonly lifecycle: Lifecycle;
  readonly link: CurrentLink;
  readonly identity: DeviceIdentity;
}

const UNREGISTERED: Refused = { ok: false, code: "unregistered" };

export class Eviction {
  readonly #parts: EvictionParts;

  constructor(parts: EvictionParts) {
    this.#parts = parts;
  }

  /** For the app's server. Safe to repeat. */
  remove({ app, generation, bannedUntil }: RemoveRequest, context: Context): RemoveAnswer {
    const { account, registrations, removals } = this.#parts;
    // Nothing is left of the account, so no registration stands; without one, nothing keeps a ban.
    if (!account.isStored)
      return bannedUntil === null ? { ok: true, removed: false, bannedUntil } : UNREGISTERED;
    const { now } = context;
    const known = registrations.activeOf(app);
    const removed =
      known !== undefined && (bannedUntil !== null || known.generation === generation);
    if (removed) this.#end(known, bannedUntil, context);
    else if (bannedUntil !== null) removals.add(app, bannedUntil, now);
    return { ok: true, removed, bannedUntil: removals.bannedUntil(app, now) };
  }

  /** Ends the registrations whose apps were found to be deleted while the event was handled. */
  endDeleted(context: Context): void {
    const { deleted } = this.#parts.registrations;
    if (deleted.size === 0) return;
    for (const registration of deleted)
      if (registration.record.endedAt === null) this.#end(registration, null, context);
    deleted.clear();
  }

  #end(registration: Registration, bannedUntil: number | null, context: Context): void {
    const { removals, lifecycle, link, identity } = this.#parts;
    const { slot, record } = registration;
    const { app } = record;
    const { now } = context;
    lifecycle.end(registration, context);
    removals.add(app, bannedUntil, now);
    const value = wireRemoval(identity, [app, removals.bannedUntil(app, now) ?? 0], slot, now);
    if (link.isReady) link.send({ kind: "removed", value }, context);
  }
}
