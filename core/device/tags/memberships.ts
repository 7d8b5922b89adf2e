/**
 * The tags that registrations are in. A row says that a tag is wanted before its node is asked, and goes when the node has
 * answered; what a crash leaves between is found when the node is attached to: see docs/storage.md.
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
  /** Of the device's object. */
  readonly name: string;
}

const utf8 = new TextEncoder();

/** As the generation of a row: no life of the registration wants it. */
const LEAVING = Number.MAX_SAFE_INTEGER;

export class Memberships {
  readonly #parts: MembershipParts;
  /** What earlier lives of a registration are leaving, by slot and tag: whoever joins the tag anew waits for it. */
  readonly #leftovers = new Map<string, Subscription[]>();
  #lastEpoch = 0;

  constructor(parts: MembershipParts) {
    this.#parts = parts;
  }

  /** Reads the rows of all registrations; those of ended ones, and of earlier lives, were being left. */
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

  /** Whether tags of an ended registration, or of an earlier life, have not let it go. */
  owes(slot: number): boolean {
    for (const { record, registration } of this.#parts.table.all()) {
      if (record.slot !== slot) continue;
      if (registration.record.endedAt !== null) return true;
      if (record.generation !== registration.generation) return true;
    }
    return false;
  }

  /** How many tags a slot is leaving, and how many the device still leaves for earlier lives. */
  leaving(slot: number): number {
    let count = this.#leftovers.size;
    for (const { wanted } of this.#parts.table.in(slot)) if (!wanted) count++;
    return count;
  }

  /** Joins a tag; nothing is to be done where its node is known to have the member. */
  join(
    registration: Registration,
    tag: string,
    command: PendingCommand | null,
    context: Context,
  ): void {
    const one =
      this.#parts.table.rowOf(registration.slot, tag) ?? this.#make(registration, tag, context.now);
    if (one.wanted && one.member === "yes" && one.call === null) return;
    // A leave that nobody answered may come late: it must not be taken for one of the membership that begins.
    if (!one.wanted)
      this.#write(one, { path: one.record.path, epoch: this.#newEpoch(context.now) });
    one.wanted = true;
    if (command !== null) wait(one.joins, command);
    this.#step(one, context);
  }

  /**
   * Leaves a tag. What is under way through it has been dropped.
   *
   * @param ends whether its registration ends: then the row of that says that it is to be left
   */
  leave(one: Subscription, command: PendingCommand | null, context: Context, ends = false): void {
    if (one.wanted) {
      one.wanted = false;
      // A leave that was sent may be carried out at any time, also after this object was killed.
      if (!ends && one.member !== "no") {
        this.#parts.store.putTag({ ...one.record, generation: LEAVING });
      }
      // What comes until it is joined anew is not for it.
      one.taken = null;
    }
    if (command !== null) wait(one.leaves, command);
    this.#step(one, context);
  }

  /** The registration has ended: its rows go when the nodes have answered. */
  end(registration: Registration, context: Context): void {
    for (const one of [...this.#parts.table.in(registration.slot)])
      this.leave(one, null, context, true);
  }

  /** Another life begins in the slot: what the one before has left and no node has answered stays to be left. */
  outlive(slot: number): void {
    for (const one of [...this.#parts.table.in(slot)]) {
      this.#parts.table.removeFromSlot(one);
      this.#leaveBehind(one);
      // A row from before there were lives would be taken for one of the life that begins.
      this.#parts.store.putTag(one.record);
    }
  }

  /** The node says that it does not have the member. */
  unknown(one: Subscription, context: Context): void {
    one.member = "maybe";
    this.#step(one, context);
  }

  /** Does what is next, unless something is being done. */
  #step(one: Subscription, context: Context): void {
    if (one.call !== null) return;
    const met = one.wanted ? one.leaves : one.joins;
    // Somebody has wanted the other since: as far as they are concerned it was so for a moment.
    for (const command of met.splice(0)) command.done(null, context);
    if (one.wanted) {
      if (one.member !== "yes") this.#enter(one, context);
    } else if (one.member === "no") this.#left(one, context);
    else this.#leave(one, context);
  }

  /** Joins once all that an earlier life left behind is gone; without a link nobody else would ask for that for half a minute. */
  #enter(one: Subscription, context: Context): void {
    const before = this.#leftovers.get(leftoverKey(one));
    if (before === undefined) this.#join(one, context);
    else for (const each of [...before]) this.#step(each, context);
  }

  #join(one: Subscription, context: Context): void {
    const { calls, depths, name, link, account } = this.#parts;
    // An earlier account of this device may have left members behind.
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
          // An attach may have found the member meanwhile; what it did not fetch was left to the join.
          if (one.wanted && one.member === "yes") {
            for (const command of one.joins.splice(0)) command.done(null, later);
            this.#parts.catchUp.want(one);
          } else this.#failed(one, one.joins, result, later);
          return;
        }
        const { path, epoch } = joined;
        if (epoch < one.record.epoch) {
          // It was left and joined anew meanwhile: what stands there is of the membership before.
          this.#step(one, later);
          return;
        }
        if (!one.wanted && epoch > one.record.epoch) {
          // The member is a later one's; of this one there is nothing.
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

  /** @param live whether the node calls from now on with all that is new */
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
          // Its join was cut off, and may have ended at another node: it is looked for before it is called gone.
          this.#join(one, later);
        } else {
          one.member = "no";
          this.#step(one, later);
        }
      },
    };
    this.#parts.calls.ask(call, context);
  }

  /** The node has let the member go. */
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

  /** What waits for one that an earlier life left behind. */
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
    // Nothing comes of a join that waits for it, either, before it is tried again.
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

  /** Above all before, though the clock was set back. */
  #newEpoch(now: number): number {
    this.#lastEpoch = Math.max(this.#lastEpoch + 1, now);
    return this.#lastEpoch;
  }

  /** Of this device only, and not one that it had before: as good as random, and no state. */
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

  /** With its row, where it has one still. */
  #delete(one: Subscription): void {
    if (this.#parts.table.delete(one)) this.#parts.store.deleteTag(one.record.ref);
  }
}

/** Whoever was answered before its end is forgotten where another comes: a device may ask again and again meanwhile. */
function wait(commands: PendingCommand[], command: PendingCommand): void {
  const open = commands.filter(({ isAnswered }) => !isAnswered);
  commands.splice(0, commands.length, ...open, command);
  command.expect();
}

const leftoverKey = ({ record }: Subscription): string => `${record.slot} ${record.tag}`;
