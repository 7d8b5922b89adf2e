/** What a device commands over the push channel, carried out on its registrations. */
import { MeshError } from "../../schema/errors.ts";
import type { Registration as WireRegistration } from "../../schema/generated/link.ts";
import type { PushCommands } from "../channels/push.ts";
import type { HybridClock } from "./clock.ts";
import type { Delivery } from "./delivery.ts";
import type { Mailbox } from "./mailbox.ts";
import type { Registration } from "./registration.ts";
import type { Registrations } from "./registrations.ts";

export interface CommandParts {
  readonly clock: HybridClock;
  readonly registrations: Registrations;
  readonly mailbox: Mailbox;
  readonly delivery: Delivery;
  /** The app behind an appId; undefined where this mesh did not issue it. */
  readonly openAppId: (appId: string) => string | undefined;
  /** A registration as the device sees it. */
  readonly describe: (registration: Registration) => WireRegistration;
}

export function pushCommands(parts: CommandParts): PushCommands {
  const { clock, registrations, mailbox, delivery } = parts;

  /** Acts on the standing registration of a slot. */
  const inSlot = (slot: number, act: (registration: Registration) => void): MeshError | null => {
    const registration = registrations.inSlot(slot);
    if (registration === undefined) return new MeshError("slot_unknown", `slot ${slot}`);
    act(registration);
    return null;
  };

  return {
    register(appId, now) {
      const app = parts.openAppId(appId);
      if (app === undefined) return new MeshError("app_unknown");
      try {
        const registration = registrations.open(app, now);
        clock.observeBirth(registration.record.createdAt);
        return parts.describe(registration);
      } catch (error) {
        if (error instanceof MeshError) return error;
        throw error;
      }
    },
    unregister: (slot, now, effects) =>
      inSlot(slot, (registration) => {
        delivery.ground(registration, now, effects);
        mailbox.clear(registration, now, effects);
        registrations.end(registration, now);
      }),
    attach: (slot, now, effects) =>
      inSlot(slot, (registration) => {
        if (registration.attached) return;
        registration.attached = true;
        delivery.pump(registration, now, effects);
      }),
    detach: (slot, now, effects) =>
      inSlot(slot, (registration) => delivery.ground(registration, now, effects)),
    acknowledge(slot, lane, seq, now, effects) {
      const registration = registrations.inSlot(slot);
      if (registration === undefined) return 0;
      return delivery.acknowledge(registration, lane, seq, now, effects);
    },
  };
}
