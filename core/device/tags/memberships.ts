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
import type { Retries } from "../retries.ts";
import type { SubscriptionStore, TagRecord } from "../store.ts";
import type { CatchUp } from "./catch-up.ts";
import { Join } from "./join.ts";
import { Subscription } from "./subscription.ts";
import type { SubscriptionTable } from "./subscription-table.ts";

export interface MembershipParts {
  readonly store: SubscriptionStore;
  readonly table: SubscriptionTable;
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
      const one = new Subscription(registration, record, "maybe");
      const isOver = record.generation !== registration.generation;
      this.#lastEpoch = Math.max(this.#lastEpoch, record.epoch);
      this.#parts.table.add(one, !isOver);
      if (isOver) this.#leaveBehind(one);
      if (!isOver && registration.record.endedAt === null) continue;
      one.wanted = false;
      this.#parts.retries.addDue(one, (later) => this.#step(one, later), now);
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
    for (const { wanted } of this.#parts.table.in(slot)) if (!wanted) count++;
    return count;
  }

  /** Joins a tag. Does nothing if its node is known to have the member. */
  join(
    registration: Registration,
    tag: string,
    command: PendingCommand | null,
    context: Context,
  ): void {
    const one =
      this.#parts.table.rowOf(registration.slot, tag) ?? this.#make(registration, tag, context.now);
    if (one.wanted && one.member === "yes" && one.call === null) return;
    // A leave without an answer may arrive late: a new epoch keeps it from ending the new membership.
    if (!one.wanted)
      this.#write(one, { path: one.record.path, epoch: this.#newEpoch(context.now) });
    one.wanted = true;
    if (command !== null) wait(one.joins, command);
    this.#step(one, context);
  }

  /**
   * Leaves a tag. The caller has dropped its broadcasts under way.
   *
   * @param ends whether the registration ends: then its own row already records that the tag is to be left
   */
  leave(one: Subscription, command: PendingCommand | null, context: Context, ends = false): void {
    if (one.wanted) {
      one.wanted = false;
      // A leave that was sent may be carried out at any time, even after this object was killed.
      if (!ends && one.member !== "no") {
        this.#parts.store.putTag({ ...one.record, generation: LEAVING });
      }
      // Broadcasts until a new join are not for this registration.
      one.taken = null;
    }
    if (command !== null) wait(one.leaves, command);
    this.#step(one, context);
  }

  /** The registration ends: leaves all its tags. */
  end(registration: Registration, context: Context): void {
    for (const one of [...this.#parts.table.in(registration.slot)])
      this.leave(one, null, context, true);
  }

  /** Another life begins in the slot: the tags of the previous life keep being left. */
  outlive(slot: number): void {
    for (const one of [...this.#parts.table.in(slot)]) {
      this.#parts.table.removeFromSlot(one);
      this.#leaveBehind(one);
      // Otherwise a row of a version without lives would be taken for one of the new life.
      this.#parts.store.putTag(one.record);
    }
  }

  /** The node does not have this member. */
  unknown(one: Subscription, context: Context): void {
    one.member = "maybe";
    this.#step(one, context);
  }

  /** Starts the next call, unless one is in progress. */
  #step(one: Subscription, context: Context): void {
    if (one.call !== null) return;
    const met = one.wanted ? one.leaves : one.joins;
    // The opposite was requested since: these commands count as done, because their state could have held for a moment.
    for (const command of met.splice(0)) command.done(null, context);
    if (one.wanted) {
      if (one.member !== "yes") this.#enter(one, context);
    } else if (one.member === "no") this.#left(one, context);
    else this.#leave(one, context);
  }

  /** Joins, but first finishes the leaves of earlier lives: without a link, their retries could take half a minute. */
  #enter(one: Subscription, context: Context): void {
    const before = this.#leftovers.get(leftoverKey(one));
    if (before === undefined) this.#join(one, context);
    else for (const each of [...before]) this.#step(each, context);
  }

  #join(one: Subscription, context: Context): void {
    const { calls, depths, name, link, account } = this.#parts;
    // An earlier account of this device may have left a membership behind.
    const mayBeKnown = (account.record?.generation ?? 0) > 1;
    const find = one.member === "maybe" || mayBeKnown;
    one.call = "join";
    one.member = "maybe";
    const join = new Join(one, find, {
      calls,
      depths,
      name,
      listens: () => one.wanted && link.reaches(one.registration),
      onEnd: (joined, result, later) => {
        one.call = null;
        if (joined === null) {
          // An attach may have found the member meanwhile, and left the fetch to this join.
          if (one.wanted && one.member === "yes") {
            for (const command of one.joins.splice(0)) command.done(null, later);
            this.#parts.catchUp.want(one);
          } else this.#failed(one, one.joins, result, later);
          return;
        }
        const { path, epoch } = joined;
        if (epoch < one.record.epoch) {
          // It was left and joined again meanwhile: the node answered for the previous membership.
          this.#step(one, later);
          return;
        }
        if (!one.wanted && epoch > one.record.epoch) {
          // The node has a later membership; this one is gone.
          one.member = "no";
          this.#step(one, later);
          return;
        }
        one.member = "yes";
        if (path !== one.record.path || epoch !== one.record.epoch) {
          this.#lastEpoch = Math.max(this.#lastEpoch, epoch);
          this.#write(one, { path, epoch });
        }
        one.taken ??= joined.head;
        if (joined.live) one.reached = joined.head;
        for (const command of one.joins.splice(0)) command.done(null, later);
        if (one.wanted) this.#joined(one, joined.live);
        this.#step(one, later);
      },
    });
    calls.ask(join, context);
  }

  /** @param live whether the node calls with all new broadcasts from now on */
  #joined(one: Subscription, live: boolean): void {
    if (live) this.#parts.catchUp.live(one);
    else this.#parts.catchUp.want(one);
  }

  #leave(one: Subscription, context: Context): void {
    one.call = "leave";
    const leaving = { device: this.#parts.name, epoch: one.record.epoch };
    const call = {
      begin: () =>
        ({
          kind: "tag",
          name: one.nodeName(),
          call: { method: "leave", request: leaving },
        }) as const,
      done: (result: CallResult, later: Context) => {
        one.call = null;
        if (!result.ok) {
          one.member = "maybe";
          this.#failed(one, one.leaves, result, later);
          if (one.wanted) this.#step(one, later);
        } else if (result.answer === false && one.member === "maybe") {
          // Its join was interrupted, and may have ended at another node: look for the member before it counts as gone.
          this.#join(one, later);
        } else {
          one.member = "no";
          this.#step(one, later);
        }
      },
    };
    this.#parts.calls.ask(call, context);
  }

  /** The node has confirmed the leave. */
  #left(one: Subscription, context: Context): void {
    this.#delete(one);
    for (const command of one.leaves.splice(0)) command.done(null, context);
    const key = leftoverKey(one);
    const others = this.#leftovers.get(key)?.filter((other) => other !== one);
    if (others === undefined) return;
    if (others.length > 0) this.#leftovers.set(key, others);
    else {
      const heirs = this.#heirsOf(one);
      this.#leftovers.delete(key);
      for (const heir of heirs) this.#step(heir, context);
    }
  }

  /** The joins that wait until this tag of an earlier life is left. */
  #heirsOf(one: Subscription): readonly Subscription[] {
    const key = leftoverKey(one);
    if (this.#leftovers.get(key)?.includes(one) !== true) return [];
    const heir = this.#parts.table.rowOf(one.record.slot, one.record.tag);
    return heir?.wanted === true && heir.member !== "yes" ? [heir] : [];
  }

  /** Fails the waiting commands; keeps retrying the desired state. */
  #failed(
    one: Subscription,
    commands: PendingCommand[],
    result: CallResult,
    context: Context,
  ): void {
    // A join that waits for this one makes no progress before the retry, either.
    const waiting = this.#heirsOf(one).flatMap(({ joins }) => joins.splice(0));
    for (const command of [...commands.splice(0), ...waiting]) {
      command.done(refusalOf(result), context);
    }
    this.#tryAgain(one, context.now);
  }

  #tryAgain(one: Subscription, now: number): void {
    this.#parts.retries.add(one, (later) => this.#step(one, later), now);
  }

  #make(registration: Registration, tag: string, now: number): Subscription {
    const { store, table, depths, name } = this.#parts;
    const { slot, record } = registration;
    const depth = depths.start(tagIdOf(record.app, tag), name, now);
    const path = devicePath(name, depth);
    const ref = this.#newRef(tag, now);
    const { generation } = registration;
    const membership = { ref, slot, tag, path, generation, epoch: this.#newEpoch(now) };
    const one = new Subscription(registration, membership, "no");
    store.putTag(one.record);
    table.add(one, true);
    return one;
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
    while (ref === 0 || this.#parts.table.known(ref) !== undefined) ref = (ref + 1) & 0x7fff_ffff;
    return ref;
  }

  #write(one: Subscription, change: Pick<TagRecord, "path" | "epoch">): void {
    one.record = { ...one.record, ...change };
    if (this.#parts.table.known(one.record.ref) === one) this.#parts.store.putTag(one.record);
  }

  #leaveBehind(one: Subscription): void {
    const key = leftoverKey(one);
    this.#leftovers.set(key, [one, ...(this.#leftovers.get(key) ?? [])]);
  }

  /** Removes it, and its row if it still has one. */
  #delete(one: Subscription): void {
    if (this.#parts.table.delete(one)) this.#parts.store.deleteTag(one.record.ref);
  }
}

/** Adds a waiting command, and drops those that were answered by timeout: a device may repeat its command many times. */
function wait(commands: PendingCommand[], command: PendingCommand): void {
  const open = commands.filter(({ isAnswered }) => !isAnswered);
  commands.splice(0, commands.length, ...open, command);
  command.expect();
}

const leftoverKey = ({ record }: Subscription): string => `${record.slot} ${record.tag}`;
