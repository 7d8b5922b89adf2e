/** Releases held messages when their time has come: in the order of their times, and ahead of messages accepted later. */
import type { Context } from "../../link/effects.ts";
import type { HybridClock } from "../../message/clock.ts";
import type { Registration } from "../registration.ts";
import type { MailHeader } from "../store.ts";
import { heldUntil } from "./hold.ts";
import type { Mailbox } from "./mailbox.ts";
import type { Outbox } from "./outbox.ts";

interface HeldMailParts {
  readonly clock: HybridClock;
  readonly mailbox: Mailbox;
  readonly outbox: Outbox;
}

export class HeldMail {
  readonly #parts: HeldMailParts;

  constructor(parts: HeldMailParts) {
    this.#parts = parts;
  }

  /** Call it before each event is handled. Costs one comparison unless the mailbox has a deadline that is due. */
  release(registrations: Iterable<Registration>, context: Context): void {
    const { clock, mailbox, outbox } = this.#parts;
    if (mailbox.deadline === null || mailbox.deadline > context.now) return;
    for (const registration of registrations) {
      const due = dueAt(registration, context.now);
      for (const held of due)
        mailbox.release(registration, held, clock.next(context.now, false), context);
      if (due.length > 0) outbox.pump(registration, context);
    }
  }

  /** The device is in another time zone: local times move with it. Writes a row for each message whose time changes. */
  zoneChanged(registration: Registration): void {
    for (const held of [...registration.held.values()]) {
      const { hold } = held;
      if (hold?.local === undefined) continue;
      const until = heldUntil(hold, registration.timeZone);
      if (until !== hold.until)
        this.#parts.mailbox.holdUntil(registration, held, { ...hold, until });
    }
  }
}

/** The messages to release, in order. */
function dueAt({ held }: Registration, now: number): MailHeader[] {
  if (held.size === 0) return [];
  const due = [...held.values()].filter(({ hold }) => (hold?.until ?? 0) <= now);
  return due.sort((a, b) => (a.hold?.until ?? 0) - (b.hold?.until ?? 0) || a.seq - b.seq);
}
