/** Recalls messages of shared aliases: another holder acknowledged them first, or this registration no longer holds the alias. */
import type { Context } from "../../link/effects.ts";
import type { HybridClock } from "../../message/clock.ts";
import type { Registration } from "../registration.ts";
import type { InFlightMail, InFlightParts } from "./in-flight-mail.ts";
import type { MailSocket } from "./mail-socket.ts";
import { queryFor } from "./send-rules.ts";

interface RecallParts extends InFlightParts {
  readonly clock: HybridClock;
  readonly inFlight: InFlightMail;
  readonly socket: MailSocket;
}

export class Recalls {
  readonly #parts: RecallParts;

  constructor(parts: RecallParts) {
    this.#parts = parts;
  }

  /**
   * Another holder of a shared alias acknowledged the message first. On the socket it is withdrawn; if it has not arrived here yet,
   * it will not be accepted.
   */
  withdraw(
    registration: Registration,
    key: string,
    context: Context,
    fingerprint: number | null = null,
  ): void {
    const { mailbox, outcomes, clock } = this.#parts;
    mailbox.expireIfDue(registration, key, context);
    if (registration.recent(key) !== undefined || registration.notifying.has(key)) return;
    if (outcomes.find(registration.slot, key) !== undefined) return;
    if (registration.inFlight.has(key) || registration.mail.has(key)) {
      this.#recall(registration, [key], context);
      return;
    }
    // Durably: the sender's answer depends on it, and a message without a record counts as delivered.
    const recalled = { key, idSeq: clock.next(context.now, false), fingerprint };
    outcomes.record(registration.slot, "recalled", [recalled]);
    registration.remember(key, "recalled", recalled.idSeq, fingerprint);
  }

  /**
   * The registration no longer holds a shared alias, so it will not be told who acknowledges a message first: its `firstAckWins`
   * messages are left to the other holders. Those that the device may have from an earlier link are withdrawn, too, but the device's
   * answer decides how they end.
   */
  releaseAlias(registration: Registration, alias: string, context: Context): void {
    const { mail, inFlight } = registration;
    this.#parts.mailbox.expire(registration, context);
    const rows = [...mail.values()].filter(({ firstAckAlias }) => firstAckAlias === alias);
    const possiblyReceived = new Set(
      rows.filter((row) => !registration.held.has(row.key) && registration.mayHaveReceived(row)),
    );
    this.#parts.mailbox.recallUnlessReceived(registration, possiblyReceived, context);
    for (const { key, lane, fingerprint } of possiblyReceived) {
      const entry = inFlight.get(key);
      if (entry === undefined) continue;
      if (!entry.withdrawn) this.#parts.socket.withdraw(registration, key, context);
      entry.withdrawn = true;
      entry.endIfDropped = "recalled";
      entry.unstored = queryFor(registration, lane, key, fingerprint);
    }
    const rung = [...mail.values(), ...inFlight.values()].filter(
      ({ firstAckAlias, key }) =>
        firstAckAlias === alias && inFlight.get(key)?.endIfDropped !== "recalled",
    );
    this.#recall(registration, [...new Set(rung.map(({ key }) => key))], context);
  }

  #recall(registration: Registration, keys: readonly string[], context: Context): void {
    const { mailbox, socket, outcomes } = this.#parts;
    for (const key of keys) {
      const entry = registration.inFlight.get(key);
      if (entry === undefined || entry.ended !== null) continue;
      socket.withdraw(registration, key, context);
      if (entry.endIfDropped !== null) outcomes.record(registration.slot, "recalled", [entry]);
      if (entry.unstored !== null)
        this.#parts.inFlight.end(registration, entry, "recalled", context);
    }
    mailbox.end(registration, keys, "recalled", context);
  }
}
