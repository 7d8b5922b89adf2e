/**
 * Joins and leaves tags. The row of a tag is written before its node is called to join, and deleted after its node has confirmed the
 * leave. What a crash leaves unfinished is found when the device attaches to the node: see docs/storage.md.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { CallResult, Context } from "../../link/effects.ts";
import { devicePath, tagIdOf } from "../../tag/name.ts";
import type { DepthCache } from "../../tag/tree/depth-cache.ts";
import type { Account } from "../account.ts";
import type { Calls } from "../calls.ts";
import type { CurrentLink } from "../current-link.ts";
import { type PendingCommand, refusalOf } from "../pending-command.ts";
import type { Registration } from "../registration.ts";
import type { Registrations } from "../registrations.ts";
import type { Retries } from "../retries.ts";
import type { SubscriptionStore, TagRecord } from "../store.ts";
import type { CatchUp } from "./catch-up.ts";
import { Join } from "./join.ts";
import { Subscription } from "./subscription.ts";
import type { SubscriptionTable } from "./subscription-table.ts";

interface MembershipParts {
  readonly store: SubscriptionStore;
  readonly table: SubscriptionTable;
  readonly registrations: Registrations;
  readonly catchUp: CatchUp;
  readonly account: Account;
  readonly calls: Calls;
  readonly retries: Retries;
  readonly depths: DepthCache;
  readonly link: CurrentLink;
  /** The name of the device's object. */
  readonly name: string;
}

const utf8 = new TextEncoder();

/** The generation in the row of a tag that is being left: no life of the registration has it. */
const LEAVING = Number.MAX_SAFE_INTEGER;

export class Memberships {
  readonly #parts: MembershipParts;
  /** Tags that earlier lives of a registration are still leaving, by slot and tag: a new join of the tag waits for them. */
  readonly #leftovers = new Map<string, Subscription[]>();
  #lastEpoch = 0;

  constructor(parts: MembershipParts) {
    this.#parts = parts;
  }

  /** Reads the rows of all registrations. Tags of ended registrations and of earlier lives were being left. */
  load(registrations: ReadonlyMap<number, Registration>, now: number): void {
    for (const stored of this.#parts.store.listTags()) {
      const registration = registrations.get(stored.slot);
      if (registration === undefined) continue;
      const record = { ...stored, generation: stored.generation || registration.generation };
      const subscription = new Subscription(registration, record, "maybe");
      const isOver = record.generation !== registration.generation;
      this.#lastEpoch = Math.max(this.#lastEpoch, record.epoch);
      this.#parts.table.add(subscription, !isOver);
      if (isOver) this.#addLeftover(subscription);
      if (!isOver && registration.record.endedAt === null) continue;
      subscription.wanted = false;
      this.#parts.retries.addDue(subscription, (later) => this.#advance(subscription, later), now);
    }
  }

  /** Whether tags of an ended registration or an earlier life have not confirmed the leave. */
  owes(slot: number): boolean {
    for (const { record, registration } of this.#parts.table.all()) {
      if (record.slot !== slot) continue;
      if (registration.record.endedAt !== null) return true;
      if (record.generation !== registration.generation) return true;
    }
    return false;
  }

  /** How many tags a slot is leaving, plus those that the device is still leaving for earlier lives. */
  leaving(slot: number): number {
    let count = this.#leftovers.size;
    for (const { wanted } of this.#parts.table.inSlot(slot)) if (!wanted) count++;
    return count;
  }

  /** Joins a tag. Does nothing if its node is known to have the member. */
  join(
    registration: Registration,
    tag: string,
    command: PendingCommand | null,
    context: Context,
    byServer = false,
  ): void {
    const subscription =
      this.#parts.table.get(registration.slot, tag) ??
      this.#make({ registration, tag, byServer }, context.now);
    if (subscription.wanted && byServer && subscription.record.byServer !== true)
      this.#write(subscription, { byServer: true });
    if (subscription.wanted && subscription.member === "yes" && subscription.call === null) return;
    // A leave without an answer may arrive late: a new epoch keeps it from ending the new membership.
    if (!subscription.wanted)
      this.#write(subscription, {
        path: subscription.record.path,
        epoch: this.#newEpoch(context.now),
        ...(byServer ? { byServer } : {}),
      });
    subscription.wanted = true;
    if (command !== null) addWaiting(subscription.joins, command);
    this.#advance(subscription, context);
  }

  /**
   * Leaves a tag. The caller has dropped its broadcasts under way.
   *
   * @param ends whether the registration ends: then its own row already records that the tag is to be left
   */
  leave(
    subscription: Subscription,
    command: PendingCommand | null,
    context: Context,
    ends = false,
  ): void {
    this.#takeBackJoin(subscription);
    if (subscription.wanted) {
      subscription.wanted = false;
      // A leave that was sent may be carried out at any time, even after this object was killed.
      if (!ends && subscription.member !== "no") {
        this.#parts.store.putTag({ ...subscription.record, generation: LEAVING });
      }
      // Broadcasts until a new join are not for this registration.
      subscription.cursor = null;
    }
    if (command !== null) addWaiting(subscription.leaves, command);
    this.#advance(subscription, context);
  }

  /** A device may ask for thousands of tags and leave before their turns come: their nodes are not even made. */
  #takeBackJoin(subscription: Subscription): void {
    const { newJoin } = subscription;
    if (newJoin === null || !this.#parts.calls.drop(newJoin)) return;
    subscription.newJoin = null;
    subscription.call = null;
    subscription.member = "no";
  }

  /** The registration ends: leaves all its tags. */
  end(registration: Registration, context: Context): void {
    for (const subscription of [...this.#parts.table.inSlot(registration.slot)])
      this.leave(subscription, null, context, true);
  }

  /** Another life begins in the slot: the tags of the previous life keep being left. */
  reopen(slot: number): void {
    for (const subscription of [...this.#parts.table.inSlot(slot)]) {
      this.#parts.table.removeFromSlot(subscription);
      this.#addLeftover(subscription);
      // Otherwise a row of a version without lives would be taken for one of the new life.
      this.#parts.store.putTag(subscription.record);
    }
  }

  /** The node does not have this member. */
  onUnknown(subscription: Subscription, context: Context): void {
    subscription.member = "maybe";
    this.#advance(subscription, context);
  }

  /** Starts the next call, unless one is in progress. */
  #advance(subscription: Subscription, context: Context): void {
    if (subscription.call !== null) return;
    const met = subscription.wanted ? subscription.leaves : subscription.joins;
    // The opposite was requested since: these commands count as done, because their state could have held for a moment.
    for (const command of met.splice(0)) command.done(null, context);
    if (subscription.wanted) {
      if (subscription.member !== "yes") this.#joinAfterLeftovers(subscription, context);
    } else if (subscription.member === "no") this.#leaveDone(subscription, context);
    else this.#leave(subscription, context);
  }

  /** Joins, but first finishes the leaves of earlier lives: without a link, their retries could take half a minute. */
  #joinAfterLeftovers(subscription: Subscription, context: Context): void {
    const before = this.#leftovers.get(leftoverKey(subscription));
    if (before === undefined) this.#join(subscription, context);
    else for (const each of [...before]) this.#advance(each, context);
  }

  #join(subscription: Subscription, context: Context): void {
    const { calls, depths, name, link, account } = this.#parts;
    // An earlier account of this device may have left a membership behind.
    const mayBeKnown = (account.record?.generation ?? 0) > 1;
    const before = subscription.member;
    const find = before === "maybe" || mayBeKnown;
    subscription.call = "join";
    subscription.member = "maybe";
    const join = new Join(subscription, find, {
      calls,
      depths,
      name,
      listens: () => subscription.wanted && link.reachesWithBroadcasts(subscription.registration),
      onEnd: (joined, result, later) => {
        subscription.call = null;
        subscription.newJoin = null;
        if (joined === null) {
          // An attach may have found the member meanwhile, and left the fetch to this join.
          if (subscription.wanted && subscription.member === "yes") {
            for (const command of subscription.joins.splice(0)) command.done(null, later);
            this.#parts.catchUp.enqueue(subscription);
          } else if (refusalOf(result).code === "app_unknown") this.#appEnded(subscription, later);
          else {
            if (!result.ok && result.isUnmade === true) subscription.member = before;
            if (subscription.wanted || subscription.member !== "no")
              this.#failed(subscription, subscription.joins, result, later);
            else this.#advance(subscription, later);
          }
          return;
        }
        const { path, epoch } = joined;
        if (epoch < subscription.record.epoch) {
          // It was left and joined again meanwhile: the node answered for the previous membership.
          this.#advance(subscription, later);
          return;
        }
        if (!subscription.wanted && epoch > subscription.record.epoch) {
          // The node has a later membership; this one is gone.
          subscription.member = "no";
          this.#advance(subscription, later);
          return;
        }
        subscription.member = "yes";
        if (path !== subscription.record.path || epoch !== subscription.record.epoch) {
          this.#lastEpoch = Math.max(this.#lastEpoch, epoch);
          this.#write(subscription, { path, epoch });
        }
        subscription.cursor ??= joined.head;
        if (joined.live) subscription.coveredUpTo = joined.head;
        for (const command of subscription.joins.splice(0)) command.done(null, later);
        if (subscription.wanted) this.#startBroadcasts(subscription, joined.live);
        this.#advance(subscription, later);
      },
    });
    if (before === "no") subscription.newJoin = join;
    calls.enqueue(join, context);
  }

  /** The app was deleted, so the node took no member. */
  #appEnded(subscription: Subscription, context: Context): void {
    subscription.member = "no";
    if (subscription.wanted) this.#parts.registrations.deleted.add(subscription.registration);
    else this.#advance(subscription, context);
  }

  /** @param live whether the node calls with all new broadcasts from now on */
  #startBroadcasts(subscription: Subscription, live: boolean): void {
    if (live) this.#parts.catchUp.setLive(subscription);
    else this.#parts.catchUp.enqueue(subscription);
  }

  #leave(subscription: Subscription, context: Context): void {
    subscription.call = "leave";
    const leaving = { device: this.#parts.name, epoch: subscription.record.epoch };
    const call = {
      isUrgent: subscription.isUrgent,
      begin: () =>
        ({
          kind: "tag",
          name: subscription.nodeName(),
          call: { method: "leave", request: leaving },
        }) as const,
      done: (result: CallResult, later: Context) => {
        subscription.call = null;
        if (!result.ok) {
          subscription.member = "maybe";
          this.#failed(subscription, subscription.leaves, result, later);
          if (subscription.wanted) this.#advance(subscription, later);
        } else if (result.answer === false && subscription.member === "maybe") {
          // Its join was interrupted, and may have ended at another node: look for the member before it counts as gone.
          this.#join(subscription, later);
        } else {
          subscription.member = "no";
          this.#advance(subscription, later);
        }
      },
    };
    this.#parts.calls.enqueue(call, context);
  }

  /** The node has confirmed the leave. */
  #leaveDone(subscription: Subscription, context: Context): void {
    this.#delete(subscription);
    for (const command of subscription.leaves.splice(0)) command.done(null, context);
    const key = leftoverKey(subscription);
    const others = this.#leftovers.get(key)?.filter((other) => other !== subscription);
    if (others === undefined) return;
    if (others.length > 0) this.#leftovers.set(key, others);
    else {
      const heirs = this.#joinsAfter(subscription);
      this.#leftovers.delete(key);
      for (const heir of heirs) this.#advance(heir, context);
    }
  }

  /** The joins that wait until this tag of an earlier life is left. */
  #joinsAfter(subscription: Subscription): readonly Subscription[] {
    const key = leftoverKey(subscription);
    if (this.#leftovers.get(key)?.includes(subscription) !== true) return [];
    const heir = this.#parts.table.get(subscription.record.slot, subscription.record.tag);
    return heir?.wanted === true && heir.member !== "yes" ? [heir] : [];
  }

  /** Fails the waiting commands; keeps retrying the desired state. */
  #failed(
    subscription: Subscription,
    commands: PendingCommand[],
    result: CallResult,
    context: Context,
  ): void {
    // A join that waits for this one makes no progress before the retry, either.
    const waiting = this.#joinsAfter(subscription).flatMap(({ joins }) => joins.splice(0));
    for (const command of [...commands.splice(0), ...waiting]) {
      command.done(refusalOf(result), context);
    }
    this.#tryAgain(subscription, context.now);
  }

  #tryAgain(subscription: Subscription, now: number): void {
    this.#parts.retries.add(subscription, (later) => this.#advance(subscription, later), now);
  }

  #make(
    {
      registration,
      tag,
      byServer,
    }: {
      readonly registration: Registration;
      readonly tag: string;
      readonly byServer: boolean;
    },
    now: number,
  ): Subscription {
    const { store, table, depths, name } = this.#parts;
    const { slot } = registration;
    const depth = depths.start(tagIdOf(registration.record.app, tag), name, now);
    const path = devicePath(name, depth);
    const ref = this.#newRef(tag, now);
    const { generation } = registration;
    const membership = { ref, slot, tag, path, generation, epoch: this.#newEpoch(now) };
    const record = byServer ? { ...membership, byServer: true as const } : membership;
    const subscription = new Subscription(registration, record, "no");
    store.putTag(subscription.record);
    table.add(subscription, true);
    return subscription;
  }

  /** An epoch above all earlier ones, even if the clock was set back. */
  #newEpoch(now: number): number {
    this.#lastEpoch = Math.max(this.#lastEpoch + 1, now);
    return this.#lastEpoch;
  }

  /** A ref that is unique on this device and was not used before: a hash is as good as random, and needs no state. */
  #newRef(tag: string, now: number): number {
    const hash = sha256(utf8.encode(`${tag} ${now}`));
    let ref = new DataView(hash.buffer, hash.byteOffset).getUint32(0) >>> 1;
    while (ref === 0 || this.#parts.table.getByRef(ref) !== undefined)
      ref = (ref + 1) & 0x7fff_ffff;
    return ref;
  }

  #write(
    subscription: Subscription,
    change: Partial<Pick<TagRecord, "path" | "epoch" | "byServer">>,
  ): void {
    subscription.record = { ...subscription.record, ...change };
    if (this.#parts.table.getByRef(subscription.record.ref) === subscription)
      this.#parts.store.putTag(subscription.record);
  }

  #addLeftover(subscription: Subscription): void {
    const key = leftoverKey(subscription);
    this.#leftovers.set(key, [subscription, ...(this.#leftovers.get(key) ?? [])]);
  }

  /** Removes it, and its row if it still has one. */
  #delete(subscription: Subscription): void {
    if (this.#parts.table.delete(subscription))
      this.#parts.store.deleteTag(subscription.record.ref);
  }
}

/** Adds a waiting command, and drops those that were answered by timeout: a device may repeat its command many times. */
function addWaiting(commands: PendingCommand[], command: PendingCommand): void {
  const open = commands.filter(({ isAnswered }) => !isAnswered);
  commands.splice(0, commands.length, ...open, command);
  command.addStep();
}

const leftoverKey = ({ record }: Subscription): string => `${record.slot} ${record.tag}`;
