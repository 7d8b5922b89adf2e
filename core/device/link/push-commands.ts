/** Carries out the commands that a device sends on the push channel. */
import { MeshError } from "../../../schema/errors.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { OnAnswer, PushCommands } from "../../channels/push.ts";
import type { Context } from "../../link/effects.ts";
import type { Refused } from "../../message/refusal.ts";
import type { Aliases } from "../aliases/aliases.ts";
import { changeAlias, changeTags, splitDescription } from "../commands.ts";
import type { DeliveryChanges } from "../delivery/changes.ts";
import { settingsOf } from "../delivery/settings.ts";
import type { PublishedKeys } from "../encryption/published-keys.ts";
import { type DeviceIdentity, wireRegistration } from "../identity.ts";
import type { Lifecycle } from "../lifecycle.ts";
import type { Mail } from "../mail/mail.ts";
import { PendingCommand, SLOT_UNKNOWN } from "../pending-command.ts";
import type { Registration } from "../registration.ts";
import type { Registrations } from "../registrations.ts";
import type { Seals } from "../sealing/seals.ts";
import { attributesOf } from "../tags/attributes.ts";
import type { Tags } from "../tags/tags.ts";
import type { Admissions } from "../trust/admissions.ts";
import type { DeviceBudgets } from "../trust/budgets.ts";
import type { NameCommands } from "../trust/name-commands.ts";
import type { UsedNames } from "../trust/rights.ts";
import { lapseOf } from "../trust/standing.ts";
import type { Reports } from "./reports.ts";
import { sendUpstream, type UpstreamParts } from "./upstream.ts";

interface CommandParts {
  readonly registrations: Registrations;
  readonly lifecycle: Lifecycle;
  readonly mail: Mail;
  readonly tags: Tags;
  readonly aliases: Aliases;
  readonly keys: PublishedKeys;
  readonly identity: DeviceIdentity;
  readonly admissions: Admissions;
  readonly nameCommands: NameCommands;
  readonly seals: Seals;
  readonly budgets: DeviceBudgets;
  readonly reports: Reports;
  readonly delivery: DeliveryChanges;
  readonly upstream: UpstreamParts;
}

/** A command about names that the device would use. */
interface NameCommand {
  readonly registration: Registration;
  readonly uses: UsedNames;
  readonly onAnswer: OnAnswer;
  readonly start: (pending: PendingCommand, context: Context) => MeshError | null;
}

export function pushCommands(parts: CommandParts): PushCommands {
  const { registrations, lifecycle, mail, tags, aliases, keys, identity } = parts;
  const { admissions, nameCommands, seals, budgets, reports, delivery, upstream } = parts;

  /** Acts on the registration of a slot; refuses an empty slot. */
  const inSlot = <Answer>(
    slot: number,
    act: (registration: Registration) => Answer,
  ): Answer | MeshError => {
    const registration = registrations.inSlot(slot);
    if (registration === undefined) return new MeshError("slot_unknown", `slot ${slot}`);
    return act(registration);
  };

  /** Starts a command that is answered later. @returns an immediate refusal, or null if `onAnswer` gets the answer */
  const run = (
    { registration, uses, onAnswer, start }: NameCommand,
    { now: since, ...context }: Context,
  ): MeshError | null => {
    const { generation } = registration;
    const begin = (later: Context): MeshError | null => {
      let refused: MeshError | null = null;
      const pending = new PendingCommand((answer, then) => {
        if (refused !== null) return;
        const isOver =
          registration.record.endedAt !== null || registration.generation !== generation;
        onAnswer(answer.ok && isOver ? SLOT_UNKNOWN : answer, then);
      }, since);
      refused = start(pending, later);
      pending.done(null, later);
      return refused;
    };
    return nameCommands.run({ registration, uses, begin, onAnswer }, { now: since, ...context });
  };

  return {
    register: (command, onAnswer, context) =>
      admissions.register(
        command,
        (answer, later) =>
          onAnswer("ok" in answer ? answer : wireRegistration(identity, answer, later.now), later),
        context,
      ),
    renew: ({ slot, grant }, onAnswer, context) =>
      inSlot(slot, (registration) => {
        const onRenewed = (refused: Refused | null, later: Context) =>
          onAnswer(refused ?? { ok: true }, later);
        return admissions.renew(registration, grant, onRenewed, context);
      }),
    unregister: (slot, context) =>
      inSlot(slot, (registration) => {
        lifecycle.end(registration, context);
        return null;
      }),
    attach: (slot, context) =>
      inSlot(slot, (registration) => {
        lifecycle.attach(registration, context);
        const lapsed = lapseOf(registration.standing, context.now);
        const code = lapsed ?? (registration.isLocked ? "sealing_required" : null);
        return code === null ? null : new MeshError(code, `slot ${slot}`);
      }),
    detach: (slot, context) =>
      inSlot(slot, (registration) => {
        lifecycle.detach(registration, context);
        return null;
      }),
    acknowledge(ack, context) {
      const registration = registrations.inSlot(ack.slot);
      if (registration === undefined) return 0;
      return mail.acknowledge(registration, ack, context);
    },
    acknowledgeBroadcasts: (cursor, context) => tags.acknowledge(cursor, context),
    subscribe(command, onAnswer, context) {
      const count = command.add.length + command.remove.length;
      if (count > LIMITS.SUBSCRIBE_TAGS) {
        return new MeshError("too_many_tags", `${count} at once, at most ${LIMITS.SUBSCRIBE_TAGS}`);
      }
      return inSlot(command.slot, (registration) => {
        const had = new Set(tags.of(registration.slot));
        const isNew = (tag: string) => !had.has(tag);
        const over = budgets.joinTags(new Set(command.add.filter(isNew)).size, context.now);
        if (over !== null) return over;
        const start = (pending: PendingCommand, later: Context) =>
          changeTags(tags, registration, command, "device", pending, later);
        return run({ registration, uses: { tags: command.add }, onAnswer, start }, context);
      });
    },
    setAlias: (command, onAnswer, context) =>
      inSlot(command.slot, (registration) => {
        const over = command.held ? budgets.setAlias(context.now) : null;
        if (over !== null) return over;
        const wish = { ...command, shared: command.shared ?? false };
        const start = (pending: PendingCommand, later: Context) =>
          changeAlias(aliases, registration, wish, "device", pending, later);
        const uses = { aliases: wish.held ? [wish.alias] : [] };
        return run({ registration, uses, onAnswer, start }, context);
      }),
    report: (command) =>
      inSlot(command.slot, ({ slot }) => {
        const reported = attributesOf(command);
        if (reported instanceof MeshError) return reported;
        return tags.report(slot, reported);
      }),
    setDelivery: (command, context) =>
      inSlot(command.slot, (registration) => {
        const settings = settingsOf(command);
        if (settings instanceof MeshError) return settings;
        delivery.change(registration, settings, context);
        return null;
      }),
    happened: ({ slot, events }, context) =>
      inSlot(slot, (registration) => {
        reports.take(registration, events, context);
        return null;
      }),
    upstream: (command, onAnswer, context) =>
      inSlot(command.slot, (registration) => {
        const lapsed = lapseOf(registration.standing, context.now);
        if (lapsed !== null) return new MeshError(lapsed, `slot ${command.slot}`);
        return (
          budgets.upstream(context.now) ??
          sendUpstream(upstream, registration, command, onAnswer, context)
        );
      }),
    publishKey: (command, { now }) =>
      inSlot(command.slot, (registration) => keys.publish(registration, command, now)),
    // A key costs more time than any other command, and a row.
    setKey: ({ slot, setup }, { now }) =>
      budgets.register(now) ?? inSlot(slot, (registration) => seals.change(registration, setup)),
    settle: (slot, context) => {
      const registration = registrations.inSlot(slot);
      if (registration !== undefined) lifecycle.settle(registration, context);
    },
    refusePlain: (frame) => seals.refusePlain(frame),
    open: (sealed) => seals.open(sealed),
    sealTo: (slot, frame, now) => seals.sealTo(slot, frame, now),
    describe: (slot) => inSlot(slot, () => splitDescription(tags.of(slot), aliases.of(slot))),
  };
}
