/** What a device commands over the push channel, carried out on its registrations. */
import { MeshError } from "../../../schema/errors.ts";
import type { Registration as WireRegistration } from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { OnAnswer, PushCommands } from "../../channels/push.ts";
import type { Effects } from "../../link/effects.ts";
import { begin, detach, end } from "../lifecycle.ts";
import { PendingCommand } from "../pending-commands.ts";
import type { Registration } from "../registration.ts";
import type { Rooms } from "../rooms.ts";
import { changeAlias, changeTags, inParts, tagsOf } from "../tagging.ts";
import { attributesOf } from "../tags/attributes.ts";

export interface CommandParts {
  /** The app behind an appId; undefined where this mesh did not issue it. */
  readonly openAppId: (appId: string) => string | undefined;
  /** A registration as the device sees it. */
  readonly describe: (registration: Registration) => WireRegistration;
}

export function pushCommands(rooms: Rooms, parts: CommandParts): PushCommands {
  const { registrations, outbox, delivery, catchUp, broadcasts, aliases, attributes } = rooms;

  /** Acts on the standing registration of a slot. */
  const inSlot = <Answer>(
    slot: number,
    act: (registration: Registration) => Answer,
  ): Answer | MeshError => {
    const registration = registrations.inSlot(slot);
    if (registration === undefined) return new MeshError("slot_unknown", `slot ${slot}`);
    return act(registration);
  };

  /** Carries out a command in parts; what refuses it at once is returned. */
  const run = (
    onAnswer: OnAnswer,
    start: (pending: PendingCommand) => MeshError | null,
    now: number,
    effects: Effects,
  ): MeshError | null => {
    let refused: MeshError | null = null;
    const pending = new PendingCommand((...answer) => {
      if (refused === null) onAnswer(...answer);
    }, now);
    refused = start(pending);
    pending.done(null, now, effects);
    return refused;
  };

  return {
    register(appId, now, effects) {
      const app = parts.openAppId(appId);
      if (app === undefined) return new MeshError("app_unknown");
      try {
        return parts.describe(begin(rooms, app, now, effects));
      } catch (error) {
        if (error instanceof MeshError) return error;
        throw error;
      }
    },
    unregister: (slot, now, effects) =>
      inSlot(slot, (registration) => {
        end(rooms, registration, now, effects);
        return null;
      }),
    attach: (slot, now, effects) =>
      inSlot(slot, (registration) => {
        if (registration.attached) return null;
        registration.attached = true;
        outbox.ask(registration, now);
        outbox.pump(registration, now, effects);
        catchUp.open(registration, now);
        return null;
      }),
    detach: (slot, now, effects) =>
      inSlot(slot, (registration) => {
        detach(rooms, registration, now, effects);
        return null;
      }),
    acknowledge(ack, now, effects) {
      const registration = registrations.inSlot(ack.slot);
      if (registration === undefined) return 0;
      return delivery.acknowledge(registration, ack, now, effects);
    },
    acknowledgeBroadcasts: (cursor, now, effects) => broadcasts.acknowledge(cursor, now, effects),
    subscribe(command, onAnswer, now, effects) {
      const count = command.add.length + command.remove.length;
      if (count > LIMITS.SUBSCRIBE_TAGS) {
        return new MeshError("too_many_tags", `${count} at once, at most ${LIMITS.SUBSCRIBE_TAGS}`);
      }
      return inSlot(command.slot, (registration) => {
        const start = (pending: PendingCommand) =>
          changeTags(rooms, registration, command, pending, now, effects);
        return run(onAnswer, start, now, effects);
      });
    },
    setAlias: (command, onAnswer, now, effects) =>
      inSlot(command.slot, (registration) => {
        const wish = { ...command, shared: command.shared ?? false };
        const start = (pending: PendingCommand) =>
          changeAlias(rooms, registration, wish, pending, now, effects);
        return run(onAnswer, start, now, effects);
      }),
    report: (command) =>
      inSlot(command.slot, ({ slot }) => {
        const reported = attributesOf(command);
        if (reported instanceof MeshError) return reported;
        attributes.write(slot, reported);
        return null;
      }),
    describe: (slot) => inSlot(slot, () => inParts(tagsOf(rooms, slot), aliases.of(slot))),
  };
}
