/** The tags that the registrations of a device are in, and the broadcasts that come through them. */
import type { Cursor } from "../../../schema/generated/link.ts";
import type { Attributes } from "../../condition/types.ts";
import { EVERYONE } from "../../condition/types.ts";
import type { Context } from "../../link/effects.ts";
import type { DepthCache } from "../../tag/tree/depth-cache.ts";
import type { DeliverAnswer, DeliverRequest } from "../../tag/types.ts";
import type { Account } from "../account.ts";
import type { Calls } from "../calls.ts";
import type { CurrentLink } from "../current-link.ts";
import type { Part } from "../part.ts";
import type { PendingCommand } from "../pending-command.ts";
import type { Registration } from "../registration.ts";
import type { Registrations } from "../registrations.ts";
import type { Retries } from "../retries.ts";
import type { SubscriptionStore } from "../store.ts";
import type { Waits } from "../waits.ts";
import { AttributeBook } from "./attributes.ts";
import { Audience } from "./audience.ts";
import { BroadcastSender } from "./broadcast-sender.ts";
import { Broadcasts } from "./broadcasts.ts";
import { CatchUp } from "./catch-up.ts";
import { Cursors } from "./cursors.ts";
import { Memberships } from "./memberships.ts";
import { NodeWaits } from "./node-waits.ts";
import { SubscriptionTable } from "./subscription-table.ts";

export interface TagOptions {
  readonly store: SubscriptionStore;
  readonly account: Account;
  readonly registrations: Registrations;
  readonly link: CurrentLink;
  readonly calls: Calls;
  readonly retries: Retries;
  readonly waits: Waits;
  readonly depths: DepthCache;
  /** Of the device's object. */
  readonly name: string;
  /** The part of a broadcast's message ID behind its dot. */
  readonly source: (app: string, tagId: string) => string;
}

export class Tags implements Part {
  readonly #options: TagOptions;
  readonly #table = new SubscriptionTable();
  readonly #cursors = new Cursors(this.#table);
  readonly #attributes: AttributeBook;
  readonly #catchUp: CatchUp;
  readonly #memberships: Memberships;
  readonly #sender: BroadcastSender;
  readonly #broadcasts: Broadcasts;

  constructor(options: TagOptions) {
    const { store, registrations, link, calls, retries, waits, name, source } = options;
    const table = this.#table;
    const cursors = this.#cursors;
    const nodes = new NodeWaits(waits);
    const attributes = new AttributeBook(store);
    const audience = new Audience(table, attributes);
    const catchUp = new CatchUp({ table, calls, retries, link, name });
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

  // ---------------------------------------------------------------- with registrations

  load(registrations: ReadonlyMap<number, Registration>, now: number): void {
    this.#memberships.load(registrations, now);
    this.#cursors.load(this.#options.account.link?.cursors ?? {});
  }

  /** What its app has not acknowledged is fetched again. */
  detach(registration: Registration, context: Context): void {
    this.#broadcasts.detach(registration, context);
  }

  /** Its tags hear of it in the background. */
  end(registration: Registration, context: Context): void {
    this.#broadcasts.detach(registration, context);
    this.#memberships.end(registration, context);
    this.#attributes.write(registration.slot, null);
  }

  outlive(slot: number): void {
    this.#memberships.outlive(slot);
  }

  forget(slot: number): void {
    this.#attributes.write(slot, null);
  }

  owes(slot: number): boolean {
    return this.#memberships.owes(slot);
  }

  /** Joins the tag of all devices, where a registration is not in it: it was made before there were tags, or the join failed. */
  joinEveryone(registration: Registration, context: Context): void {
    if (this.#table.find(registration.slot, EVERYONE) !== undefined) return;
    this.#memberships.join(registration, EVERYONE, null, context);
  }

  // ---------------------------------------------------------------- with links

  /** The app listens. @param since from when on; null where that was before the object slept */
  attach(registration: Registration, since: number | null): void {
    this.#catchUp.open(registration, since);
  }

  /** The link stayed open while the object slept. @param live whether all tags of the registration call by themselves */
  restore(registration: Registration, live: boolean): void {
    if (!live) {
      // Where asking was unfinished, all are asked again.
      this.#catchUp.open(registration, null);
      return;
    }
    for (const one of this.#table.in(registration.slot)) {
      one.member = "yes";
      this.#catchUp.live(one);
    }
  }

  /** Whether all tags of a registration call by themselves: then a sleep forgets nothing. */
  isLive(registration: Registration): boolean {
    return this.#catchUp.isLive(registration);
  }

  /** How far the device has come: what of it is kept where. */
  get cursors(): Cursors {
    return this.#cursors;
  }

  // ---------------------------------------------------------------- membership

  /** Tags that the app is in, without the one that all devices are in. */
  of(slot: number): string[] {
    const tags: string[] = [];
    for (const { wanted, record } of this.#table.in(slot)) {
      if (wanted && record.tag !== EVERYONE) tags.push(record.tag);
    }
    return tags;
  }

  /** How many tags a slot is leaving, those of earlier lives included. */
  leaving(slot: number): number {
    return this.#memberships.leaving(slot);
  }

  join(registration: Registration, tag: string, command: PendingCommand, context: Context): void {
    this.#memberships.join(registration, tag, command, context);
  }

  /** Leaves a tag; nothing is to be done where the registration is not in it, and is not leaving it either. */
  leave(registration: Registration, tag: string, command: PendingCommand, context: Context): void {
    const one = this.#table.rowOf(registration.slot, tag);
    if (one === undefined) return;
    if (one.wanted) this.#broadcasts.drop(one, context);
    this.#memberships.leave(one, command, context);
  }

  // ---------------------------------------------------------------- attributes, which filters ask for

  attributesOf(slot: number): Attributes | null {
    return this.#attributes.of(slot);
  }

  report(slot: number, attributes: Attributes | null): void {
    this.#attributes.write(slot, attributes);
  }

  // ---------------------------------------------------------------- broadcasts

  /** Whether broadcasts wait for single sends, or for room. */
  get isHolding(): boolean {
    return this.#sender.isHolding;
  }

  /** Broadcasts from a node: an answer, or a token that a `settle` effect follows for. */
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

  /** Sends what is held, and asks for what is wanted, as far as there is room. */
  pump(context: Context): void {
    this.#broadcasts.pump(context);
  }
}
