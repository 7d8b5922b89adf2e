/** The tags of a device's registrations, and the broadcasts that arrive through them. */
import type { MeshError } from "../../../schema/errors.ts";
import type { Cursor } from "../../../schema/generated/link.ts";
import {
  type Attributes,
  EVERYONE,
  type Granted,
  type KnownAttributes,
  NOTHING_GRANTED,
} from "../../condition/types.ts";
import type { Context } from "../../link/effects.ts";
import type { DeliverAnswer, DeliverRequest } from "../../tag/calls/fan-out.ts";
import type { DepthCache } from "../../tag/tree/depth-cache.ts";
import type { TrustFields } from "../../trust/app-trust.ts";
import type { Account } from "../account.ts";
import type { Calls } from "../calls.ts";
import type { CurrentLink } from "../current-link.ts";
import type { Part } from "../part.ts";
import { PendingCommand } from "../pending-command.ts";
import type { Registration } from "../registration.ts";
import type { Registrations } from "../registrations.ts";
import type { Retries } from "../retries.ts";
import type { SubscriptionStore } from "../store.ts";
import type { Waits } from "../waits.ts";
import { AttributeCache, grantedFault, knownAttributes } from "./attributes.ts";
import { Audience } from "./audience.ts";
import { BroadcastSender } from "./broadcast-sender.ts";
import { Broadcasts } from "./broadcasts.ts";
import { CatchUp } from "./catch-up.ts";
import { Cursors } from "./cursors.ts";
import { Memberships } from "./memberships.ts";
import { NodeWaits } from "./node-waits.ts";
import { SubscriptionTable } from "./subscription-table.ts";

interface TagOptions {
  readonly store: SubscriptionStore;
  readonly account: Account;
  readonly registrations: Registrations;
  readonly link: CurrentLink;
  readonly calls: Calls;
  readonly retries: Retries;
  readonly waits: Waits;
  readonly depths: DepthCache;
  /** The name of the device's object. */
  readonly name: string;
  /** Returns the part of a broadcast's message ID after the dot. */
  readonly source: (app: string, tagId: string) => string;
  /** See `Rights.judges`. */
  readonly judges: (registration: Registration, sent: TrustFields, context: Context) => boolean;
}

export class Tags implements Part {
  readonly #options: TagOptions;
  readonly #table = new SubscriptionTable();
  readonly #cursors = new Cursors(this.#table);
  readonly #attributes: AttributeCache;
  readonly #catchUp: CatchUp;
  readonly #memberships: Memberships;
  readonly #sender: BroadcastSender;
  readonly #broadcasts: Broadcasts;

  constructor(options: TagOptions) {
    const { store, registrations, link, calls, retries, waits, name, source, judges } = options;
    const table = this.#table;
    const cursors = this.#cursors;
    const nodes = new NodeWaits(waits);
    const attributes = new AttributeCache(store);
    const audience = new Audience(table, attributes, (slot) => this.#grantedIn(slot));
    const catchUp = new CatchUp({ table, calls, retries, link, name, judges });
    const memberships = new Memberships({ ...options, table, catchUp });
    const sender = new BroadcastSender({ registrations, link, catchUp, cursors, nodes, source });
    this.#options = options;
    this.#attributes = attributes;
    this.#catchUp = catchUp;
    this.#memberships = memberships;
    this.#sender = sender;
    this.#broadcasts = new Broadcasts({
      ...{ registrations, link, retries },
      ...{ table, cursors, nodes, audience, catchUp, memberships, sender },
    });
  }

  // ---------------------------------------------------------------- part of the device

  load(registrations: ReadonlyMap<number, Registration>, now: number): void {
    this.#memberships.load(registrations, now);
    this.#cursors.load(this.#options.account.link?.cursors ?? {});
  }

  /** Missed broadcasts will be fetched. */
  attach(registration: Registration, { now }: Context): void {
    this.#catchUp.attach(registration, now);
  }

  /** The device has answered the recall of a broadcast. */
  recallAnswered(...answered: Parameters<Broadcasts["recallAnswered"]>): void {
    this.#broadcasts.recallAnswered(...answered);
  }

  /** Broadcasts that the app has not acknowledged will be fetched again. */
  detach(registration: Registration, context: Context): void {
    this.#broadcasts.detach(registration, context);
  }

  /** Its tags are left in the background. */
  end(registration: Registration, context: Context): void {
    this.#broadcasts.detach(registration, context);
    this.#memberships.end(registration, context);
    this.#attributes.write(registration.slot, null);
  }

  reopen(slot: number): void {
    this.#memberships.reopen(slot);
  }

  forget(slot: number): void {
    this.#attributes.write(slot, null);
  }

  owes(slot: number): boolean {
    return this.#memberships.owes(slot);
  }

  /** Joins the tag of all devices, unless the registration is in it: a version without tags made it, or the join failed. */
  joinEveryone(registration: Registration, context: Context): void {
    if (this.#table.find(registration.slot, EVERYONE) !== undefined) return;
    this.#memberships.join(registration, EVERYONE, null, context);
  }

  // ---------------------------------------------------------------- link

  /** The link stayed open while the object slept. @param live see `isLive` */
  restore(registration: Registration, live: boolean): void {
    if (!live) {
      // A fetch was unfinished: fetch from all tags again.
      this.#catchUp.attach(registration, null);
      return;
    }
    for (const subscription of this.#table.inSlot(registration.slot)) {
      subscription.member = "yes";
      this.#catchUp.setLive(subscription);
    }
  }

  /** Whether the nodes of all its tags call with new broadcasts: then a sleep forgets nothing. */
  isLive(registration: Registration): boolean {
    return this.#catchUp.isLive(registration);
  }

  /** The cursors of the device. */
  get cursors(): Cursors {
    return this.#cursors;
  }

  // ---------------------------------------------------------------- membership

  /** The tags that the app is in, without the built-in tag of all devices. */
  of(slot: number): string[] {
    const tags: string[] = [];
    for (const { wanted, record } of this.#table.inSlot(slot)) {
      if (wanted && record.tag !== EVERYONE) tags.push(record.tag);
    }
    return tags;
  }

  /** How many tags a slot is leaving, including those of earlier lives. */
  leaving(slot: number): number {
    return this.#memberships.leaving(slot);
  }

  /** @param byServer whether the app's server asks for it; otherwise the device */
  join(
    registration: Registration,
    tag: string,
    command: PendingCommand,
    context: Context,
    byServer = false,
  ): void {
    this.#memberships.join(registration, tag, command, context, byServer);
  }

  /** The tags that the device joined by itself. */
  byDevice(slot: number): string[] {
    const own: string[] = [];
    for (const { wanted, record } of this.#table.inSlot(slot))
      if (wanted && record.tag !== EVERYONE && record.byServer !== true) own.push(record.tag);
    return own;
  }

  /** The device may no longer be in a tag that it joined: leaves it. */
  takeAway(registration: Registration, tag: string, context: Context): void {
    this.leave(registration, tag, new PendingCommand(() => {}), context);
  }

  /** Leaves a tag. Does nothing if the registration is neither in it nor leaving it. */
  leave(registration: Registration, tag: string, command: PendingCommand, context: Context): void {
    const subscription = this.#table.get(registration.slot, tag);
    if (subscription === undefined) return;
    if (subscription.wanted) this.#broadcasts.drop(subscription, context);
    this.#memberships.leave(subscription, command, context);
  }

  // ---------------------------------------------------------------- attributes, for filters

  attributesOf(slot: number): KnownAttributes | null {
    return knownAttributes(this.#attributes.of(slot), this.#grantedIn(slot));
  }

  /** Replaces what the device reported. @returns a refusal, and then nothing changed */
  report(slot: number, attributes: Attributes | null): MeshError | null {
    const fault = grantedFault(attributes, this.#grantedIn(slot));
    if (fault === null) this.#attributes.write(slot, attributes);
    return fault;
  }

  #grantedIn(slot: number): Granted {
    return this.#options.registrations.inSlot(slot)?.granted ?? NOTHING_GRANTED;
  }

  // ---------------------------------------------------------------- broadcasts

  /** Whether broadcasts are held back, for single sends or for lack of room. */
  get isHolding(): boolean {
    return this.#sender.isHolding;
  }

  /** Takes broadcasts from a node. @returns the answer, or a token whose `settle` effect follows */
  deliver(
    registration: Registration,
    request: DeliverRequest,
    context: Context,
  ): DeliverAnswer | number {
    return this.#broadcasts.deliver(registration, request, context);
  }

  /** See `Broadcasts.acknowledge`. */
  acknowledge(cursor: Cursor, context: Context): boolean {
    return this.#broadcasts.acknowledge(cursor, context);
  }

  /** Sends held broadcasts and starts scheduled fetches, as far as there is room. */
  pump(context: Context): void {
    this.#broadcasts.pump(context);
  }
}
