/** Creates the parts of one device, gives each the parts it needs, and loads them from the store. */
import { spreadOf } from "../backoff.ts";
import type { LinkKeys } from "../identity/link-keys.ts";
import type { Context } from "../link/effects.ts";
import { HybridClock } from "../message/clock.ts";
import type { DepthCache } from "../tag/tree/depth-cache.ts";
import { Account } from "./account.ts";
import { Aliases } from "./aliases/aliases.ts";
import { Calls } from "./calls.ts";
import { CurrentLink } from "./current-link.ts";
import { Debts } from "./debts.ts";
import { DeliveryChanges } from "./delivery/changes.ts";
import { QuietHours } from "./delivery/quiet-hours.ts";
import { PublishedKeys } from "./encryption/published-keys.ts";
import { MessageEvents } from "./events/message-events.ts";
import { Receipts } from "./events/receipts.ts";
import { Timelines } from "./events/timelines.ts";
import type { DeviceIdentity } from "./identity.ts";
import { IdleWatch } from "./idle.ts";
import { Lifecycle } from "./lifecycle.ts";
import { pushCommands } from "./link/push-commands.ts";
import { Reports } from "./link/reports.ts";
import { LinkSession } from "./link/session.ts";
import { Mail } from "./mail/mail.ts";
import { RecentKeys } from "./mail/recent-keys.ts";
import { Registrations } from "./registrations.ts";
import { Removals } from "./removals.ts";
import { Retries } from "./retries.ts";
import { Seals } from "./sealing/seals.ts";
import type { DeviceStore } from "./store.ts";
import { Tags } from "./tags/tags.ts";
import { Admissions } from "./trust/admissions.ts";
import { DeviceBudgets } from "./trust/budgets.ts";
import { Eviction } from "./trust/eviction.ts";
import { NameCommands } from "./trust/name-commands.ts";
import { Rights } from "./trust/rights.ts";
import { Waits } from "./waits.ts";

export interface DeviceOptions {
  readonly store: DeviceStore;
  readonly identity: DeviceIdentity;
  readonly linkKeys: LinkKeys;
  /** The name of the device's object: base64url of the device ID. */
  readonly name: string;
  /** Shared by all devices of a process. */
  readonly depths: DepthCache;
  /** How many objects the webhooks of an app are spread over. */
  readonly webhookShards: number;
  /** Window of the first reconnect after an established link closed, milliseconds. */
  readonly reconnectFirstMs: number;
  /** Unsent bytes of the current socket; 0 without one. */
  readonly bufferedBytes: () => number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The parts that `Device` passes its events to. */
export type DeviceParts = ReturnType<typeof makeParts>;

export function makeParts(options: DeviceOptions) {
  const { store, name, depths, identity, linkKeys, bufferedBytes, reconnectFirstMs, now } = options;
  const spread = spreadOf(name);
  const account = new Account(store);
  const clock = new HybridClock((upTo) => account.reserve(upTo));
  const link = new CurrentLink(bufferedBytes);
  const waits = new Waits();
  const calls = new Calls();
  const retries = new Retries(spread);
  const recentKeys = new RecentKeys();
  const registrations = new Registrations(store, account, recentKeys);
  const removals = new Removals(account);
  const shared = { store, account, registrations, recentKeys, link, clock, waits, calls, retries };

  const timelines = new Timelines(store);
  const { webhookShards } = options;
  const receipts = new Receipts({ ...shared, identity, name, spread, webhookShards });
  const events = new MessageEvents([timelines, receipts]);
  const mail = new Mail({ ...shared, events, timelines, name, spread });
  const source = (app: string, tagId: string) => identity.source(app, tagId);
  const judges: Rights["judges"] = (...args) => rights.judges(...args);
  const tags = new Tags({ ...shared, depths, name, source, judges });
  const reports = new Reports({ mail, tags, events, timelines });
  const aliases = new Aliases({ ...shared, mail, name });
  const all = [mail, tags, aliases];
  const keys = new PublishedKeys(store);
  const debts = new Debts(registrations, all, spread);
  const lifecycle = new Lifecycle({
    ...{ account, clock, registrations, removals, tags, keys, debts, link, identity, all },
  });
  const seals = new Seals({ linkKeys, identity, clock, registrations, link });
  const rights = new Rights({ registrations, lifecycle, aliases, tags });
  const budgets = new DeviceBudgets();
  const quiet = new QuietHours({
    registrations,
    onOpen: (registration, context) => {
      mail.resume(registration, context);
      tags.attach(registration, context);
    },
  });
  const delivery = new DeliveryChanges({ registrations, mail, lifecycle, quiet, receipts });
  const admissions = new Admissions({
    ...{ calls, registrations, lifecycle, link, identity, rights, seals, budgets, name },
  });
  const nameCommands = new NameCommands({ registrations, admissions, rights });
  const commands = pushCommands({
    ...{ registrations, lifecycle, mail, tags, aliases, keys, identity },
    ...{ admissions, nameCommands, seals, budgets, reports, delivery },
    upstream: { calls, identity, name, spread, webhookShards },
  });
  const eviction = new Eviction({
    ...{ account, registrations, removals, lifecycle, link, identity },
  });
  const session = new LinkSession({
    ...{ account, clock, registrations, removals, recentKeys, link },
    ...{ mail, tags, lifecycle, seals, identity, commands, reconnectFirstMs },
  });
  const idle = new IdleWatch({ account, link, registrations, removals, mail });

  if (account.record !== null) {
    clock.observe(account.link?.seqFloor ?? 0);
    clock.observe(account.link?.seqReserve ?? 0);
    lifecycle.load(now);
    quiet.load(now);
    seals.load();
    session.load();
    receipts.load(now);
  }
  /** Applies what has become due: expired grants, quiet hours that begin or end, and held messages whose time has come. */
  const look = (context: Context): void => {
    lifecycle.lapse(context);
    quiet.look(context);
    mail.release(context);
  };
  return {
    ...{ account, clock, registrations, removals, link, waits, calls, retries },
    ...{
      mail,
      timelines,
      receipts,
      tags,
      aliases,
      keys,
      debts,
      lifecycle,
      rights,
      eviction,
      session,
      idle,
      quiet,
      look,
    },
  };
}
