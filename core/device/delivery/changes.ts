/** Applies the delivery settings that a device sends for one registration. */
import { type DeliverySettings, settingsHash } from "../../../schema/delivery.ts";
import type { Context } from "../../link/effects.ts";
import type { Receipts } from "../events/receipts.ts";
import type { Lifecycle } from "../lifecycle.ts";
import type { Mail } from "../mail/mail.ts";
import type { Registration } from "../registration.ts";
import type { Registrations } from "../registrations.ts";
import type { QuietHours } from "./quiet-hours.ts";

interface DeliveryParts {
  readonly registrations: Registrations;
  readonly mail: Mail;
  readonly lifecycle: Lifecycle;
  readonly quiet: QuietHours;
  readonly receipts: Receipts;
}

export class DeliveryChanges {
  readonly #parts: DeliveryParts;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  /**
   * Writes one row, or none if nothing changes; one for each message that waits for a local time, if the time zone changes; and one to tell the app's
   * webhooks that the user has silenced the app.
   */
  change(registration: Registration, settings: DeliverySettings, context: Context): void {
    const { registrations, mail, lifecycle, quiet, receipts } = this.#parts;
    const before = registration.settings;
    if (settingsHash(before) === settingsHash(settings)) return;
    registrations.setDelivery(registration, settings);
    if (settings.silenced && !before.silenced) receipts.silenced(registration, context);
    if (before.timeZone !== settings.timeZone) {
      mail.zoneChanged(registration);
      mail.release(context);
    }
    quiet.changed(registration, context);
    lifecycle.settle(registration, context);
  }
}
