/** The rooms of one device, wired together. */
import { CHANNEL_PUSH, encodePushDown } from "../../schema/generated/link.ts";
import { fromBase64Url } from "../../schema/text.ts";
import { spreadOf } from "../backoff.ts";
import type { Link } from "../link/link.ts";
import { HybridClock } from "../message/clock.ts";
import { PRIORITIES } from "../message/priority.ts";
import { Account } from "./account.ts";
import { Aliases } from "./aliases/aliases.ts";
import { FirstAcks } from "./aliases/first-acks.ts";
import { AliasLines } from "./aliases/lines.ts";
import { Calls } from "./calls.ts";
import { Debts } from "./debts.ts";
import type { DeviceOptions } from "./device.ts";
import { Idle } from "./idle.ts";
import { Delivery } from "./mail/delivery.ts";
import { Mailbox } from "./mail/mailbox.ts";
import { Outbox } from "./mail/outbox.ts";
import { Outcomes } from "./mail/outcomes.ts";
import { RecentKeys } from "./mail/recent-keys.ts";
import { PendingCommands } from "./pending-commands.ts";
import type { Registration } from "./registration.ts";
import { Registrations } from "./registrations.ts";
import { Retries } from "./retries.ts";
import { AttributeBook } from "./tags/attributes.ts";
import { Broadcasts } from "./tags/broadcasts.ts";
import { CatchUp } from "./tags/catch-up.ts";
import { Cursors } from "./tags/cursors.ts";
import { Subscriptions } from "./tags/subscriptions.ts";

export type Rooms = ReturnType<typeof makeRooms>;

/**
 * Makes the rooms, and reads into them what is stored.
 *
 * @param link the current link; null without one
 */
export function makeRooms(options: DeviceOptions, link: () => Link | null) {
  const { store, name, depths, identity, bufferedBytes, now } = options;
  const account = new Account(store);
  const generation = () => account.record?.generation ?? 0;
  let lastToken = 0;
  const nextToken = () => ++lastToken;
  const listens = ({ attached }: Registration) => attached && link()?.ready === true;

  const clock = new HybridClock((upTo) => account.reserve(upTo));
  const calls = new Calls();
  const spread = spreadOf(name);
  const retries = new Retries(spread);
  const commands = new PendingCommands(nextToken);
  const outcomes = new Outcomes(store);
  const attributes = new AttributeBook(store);
  const asking = { calls, retries, name };
  const firstAcks = new FirstAcks({ store, outcomes, calls, name, spread });
  const lines = new AliasLines(calls);
  const aliases = new Aliases({
    ...asking,
    store,
    lines,
    onLeft: (...left) => delivery.leave(...left),
    onLost: (slot, alias, effects) => {
      const frame = encodePushDown({ kind: "aliasLost", value: { slot, alias } });
      if (link()?.ready === true) link()?.send(CHANNEL_PUSH, frame, effects);
    },
  });
  const recentKeys = new RecentKeys();
  const owes = (slot: number): boolean => subscriptions.owes(slot) || aliases.owes(slot);
  const registrations = new Registrations(store, account, owes, recentKeys, (slot) => {
    outcomes.drop(slot);
    recentKeys.drop(slot);
    attributes.write(slot, null);
  });
  const debts = new Debts(() => [...registrations.bySlot.keys()].some(owes), spread);
  const mailbox = new Mailbox(
    store,
    outcomes,
    (...end) => delivery.onEnd(...end),
    (...overdue) => delivery.overdue(...overdue),
  );
  const outbox = new Outbox({ mailbox, store, outcomes, link });
  const delivery: Delivery = new Delivery({
    ...{ clock, mailbox, outbox, outcomes, aliases, firstAcks, nextToken },
  });
  const catchUp: CatchUp = new CatchUp({
    ...{ calls, retries, name, listens },
    subscriptions: () => subscriptions,
    onPage: (...page) => broadcasts.onPage(...page),
  });
  const subscriptions: Subscriptions = new Subscriptions({
    ...{ store, calls, retries, depths, name, listens },
    mayBeKnown: () => generation() > 1,
    onJoined: (one, live) => {
      if (live) catchUp.live(one);
      else catchUp.want(one);
    },
    onUnwanted: (one, _, effects) => broadcasts.drop(one, effects),
  });
  const cursors = new Cursors(subscriptions);
  const broadcasts: Broadcasts = new Broadcasts({
    ...{ registrations, catchUp, attributes, link, bufferedBytes, nextToken, retries },
    subscriptions: () => subscriptions,
    source: (app, tagId) => identity.source(app, tagId),
    onMoved: cursors.moved,
  });

  const idle = new Idle({
    account,
    isLinked: () => link() !== null,
    isRegistered: () => !registrations.standing().next().done,
    hasMail: () => mailbox.deadline !== null,
  });

  if (account.record !== null) {
    clock.observe(account.link?.seqFloor ?? 0);
    clock.observe(account.link?.seqReserve ?? 0);
    recentKeys.load(fromBase64Url(account.link?.recent ?? "") ?? new Uint8Array());
    registrations.load();
    const { bySlot } = registrations;
    mailbox.load(bySlot);
    subscriptions.load(bySlot, now);
    cursors.load(account.link?.cursors ?? {});
    aliases.load(bySlot, now);
    debts.expect(now);
    for (const registration of bySlot.values()) {
      clock.observeBirth(registration.record.createdAt);
      for (const { seq } of registration.mail.values()) clock.observe(seq);
    }
    for (const registration of bySlot.values()) {
      const { sent } = account.link ?? {};
      const mark = sent?.find(([slot]) => slot === registration.slot);
      // Where the link did not end, or a version before this wrote its row, all that waits may have been on it.
      PRIORITIES.forEach((priority, i) => {
        registration.reach(priority, sent === undefined ? clock.last : (mark?.[i + 1] ?? 0));
      });
    }
  }
  return {
    ...{
      account,
      clock,
      registrations,
      outcomes,
      mailbox,
      outbox,
      delivery,
      calls,
      retries,
      commands,
    },
    ...{
      subscriptions,
      catchUp,
      broadcasts,
      cursors,
      aliases,
      attributes,
      firstAcks,
      debts,
      idle,
      recentKeys,
    },
  };
}
