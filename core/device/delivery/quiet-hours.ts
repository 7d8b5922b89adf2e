/**
 * Quiet hours: the times outside the accept times of a registration. Its messages and broadcasts wait until they end. Checked before each event by
 * one comparison; the device's alarm is set for the next end only while an app listens.
 */
import type { Context } from "../../link/effects.ts";
import type { Registration } from "../registration.ts";
import type { Registrations } from "../registrations.ts";
import { acceptState } from "./accept-times.ts";

interface QuietHoursParts {
  readonly registrations: Registrations;
  /** The quiet hours of a listening registration are over. */
  readonly onOpen: (registration: Registration, context: Context) => void;
}

export class QuietHours {
  readonly #parts: QuietHoursParts;
  /** No registration changes before this time, milliseconds since 1970. */
  #changesAt = Number.POSITIVE_INFINITY;
  #lookedAt = 0;

  constructor(parts: QuietHoursParts) {
    this.#parts = parts;
  }

  /** When to call `look`; null for never. */
  get deadline(): number | null {
    // No registration has accept times, as on most devices: this runs at each event.
    if (this.#changesAt === Number.POSITIVE_INFINITY) return null;
    let first: number | null = null;
    for (const { attached, quietUntil } of this.#parts.registrations.active()) {
      if (attached && quietUntil !== null) first = Math.min(first ?? quietUntil, quietUntil);
    }
    return first;
  }

  /** Call it after the registrations were loaded. */
  load(now: number): void {
    this.#changesAt = Number.POSITIVE_INFINITY;
    for (const registration of this.#parts.registrations.active()) this.#set(registration, now);
    this.#lookedAt = now;
  }

  /** Call it before each event is handled. */
  look(context: Context): void {
    const { now } = context;
    // If the clock was set back, all may have changed.
    if (now < this.#changesAt && now >= this.#lookedAt) return;
    const were = [...this.#parts.registrations.active()].filter(({ isQuiet }) => isQuiet);
    this.load(now);
    for (const registration of were) {
      if (!registration.isQuiet && registration.attached) this.#parts.onOpen(registration, context);
    }
  }

  /** Call it when the settings of a registration have changed. */
  changed(registration: Registration, context: Context): void {
    this.#set(registration, context.now);
    // If it accepted messages before, this finds nothing to do.
    if (!registration.isQuiet && registration.attached) this.#parts.onOpen(registration, context);
  }

  #set(registration: Registration, now: number): void {
    const { isOpen, changesAt } = acceptState(registration.settings, now);
    registration.quietUntil = isOpen ? null : changesAt;
    this.#changesAt = Math.min(this.#changesAt, changesAt);
  }
}
