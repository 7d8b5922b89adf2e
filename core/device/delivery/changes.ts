/** Takes over the settings of a device for one registration. */
import { type DeliverySettings, settingsHash } from "../../../schema/delivery.ts";
import type { Context } from "../../link/effects.ts";
import type { Lifecycle } from "../lifecycle.ts";
import type { Mail } from "../mail/mail.ts";
import type { Registration } from "../registration.ts";
import type { Registrations } from "../registrations.ts";
import type { QuietTimes } from "./quiet-times.ts";

interface DeliveryParts {
  readonly registrations: Registrations;
  readonly mail: Mail;
  readonly lifecycle: Lifecycle;
  readonly quiet: QuietTimes;
}

export class DeliveryChanges {
  readonly #parts: DeliveryParts;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  /** Writes one row, or none if nothing changes, and one for each message that waits for a local time of another zone. */
  change(registration: Registration, settings: DeliverySettings, context: Context): void {
    const { registrations, mail, lifecycle, quiet } = this.#parts;
    const before = registration.settings;
    if (settingsHash(before) === settingsHash(settings)) return;
    registrations.setDelivery(registration, settings);
    if (before.timeZone !== settings.timeZone) {
      mail.zoneChanged(registration);
      mail.release(context);
    }
    quiet.changed(registration, context);
    lifecycle.settle(registration, context);
  }
}
