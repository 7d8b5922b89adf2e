/**
 * The tags that registrations are in. A row says that a tag is wanted before its node is asked, and goes when the node has
 * answered; what a crash leaves between is found when the node is attached to: see docs/storage.md.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { CallResult, Effects } from "../../link/effects.ts";
import { devicePath, tagIdOf } from "../../tag/name.ts";
import type { Depths } from "../../tag/tree/depths.ts";
import type { Calls } from "../calls.ts";
import { type PendingCommand, refusalOf } from "../pending-commands.ts";
import type { Registration } from "../registration.ts";
import type { Retries } from "../retries.ts";
import type { SubscriptionStore, TagRecord } from "../store.ts";
import { Join } from "./join.ts";
import { Subscription } from "./subscription.ts";

export interface SubscriptionParts {
  readonly store: SubscriptionStore;
  readonly calls: Calls;
  readonly retries: Retries;
  readonly depths: Depths;
  /** Of the device's object. */
  readonly name: string;
  /** Whether an earlier account of this device may have left members behind. */
  readonly mayBeKnown: () => boolean;
  /** Whether a registration is to be attached to its tags. */
  readonly listens: (registration: Registration) => boolean;
  /** A node has the member; `live` where it calls from now on with all that is new. */
  readonly onJoined: (one: Subscription, live: boolean, now: number, effects: Effects) => void;
  /** The app wants the tag no more. */
  readonly onUnwanted: (one: Subscription, now: number, effects: Effects) => void;
}

const utf8 = new TextEncoder();

/** As the generation of a row: no life of the registration wants it. */
const LEAVING = Number.MAX_SAFE_INTEGER;

export class Subscriptions {
  readonly #parts: SubscriptionParts;
  /** By slot and tag. */
  readonly #bySlot = new Map<number, Map<string, Subscription>>();
  readonly #byRef = new Map<number, Subscription>();
  /** What earlier lives of a registration are leaving, by slot and tag: whoever joins the tag anew waits for it. */
  readonly #leftovers = new Map<string, Subscription[]>();
  #lastEpoch = 0;

  constructor(parts: SubscriptionParts) {
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
      this.#byRef.set(record.ref, one);
      if (isOver) this.#leaveBehind(one);
      else this.#addToSlot(one);
      if (!isOver && registration.record.endedAt === null) continue;
      one.wanted = false;
      this.#parts.retries.addDue(one, (...when) => this.#step(one, ...when), now);
    }
  }

  /** Whether tags of an ended registration, or of an earlier life, have not let it go. */
  owes(slot: number): boolean {
    for (const { record, registration } of this.#byRef.values()) {
      if (record.slot !== slot) continue;
      if (registration.record.endedAt !== null) return true;
      if (record.generation !== registration.generation) return true;
    }
    return false;
  }

  /** All of a slot, those that are being left included. */
  in(slot: number): Iterable<Subscription> {
    return this.#bySlot.get(slot)?.values() ?? [];
  }

  /** How many a slot has, likewise. */
  count(slot: number): number {
    return this.#bySlot.get(slot)?.size ?? 0;
  }

  /** How many tags a slot is leaving, and how many the device still leaves for earlier lives. */
  leaving(slot: number): number {
    let count = this.#leftovers.size;
    for (const { wanted } of this.in(slot)) if (!wanted) count++;
    return count;
  }

  /** The tag as the app wants it; undefined where it does not. */
  find(slot: number, tag: string): Subscription | undefined {
    const one = this.rowOf(slot, tag);
    return one?.wanted === true ? one : undefined;
  }

  /** The tag, wanted or being left. */
  rowOf(slot: number, tag: string): Subscription | undefined {
    return this.#bySlot.get(slot)?.get(tag);
  }

  byRef(slot: number, ref: number): Subscription | undefined {
    const one = this.#byRef.get(ref);
    return one?.record.slot === slot && one.wanted ? one : undefined;
  }

  known(ref: number): Subscription | undefined {
    return this.#byRef.get(ref);
  }

  /** All that have a row. */
  all(): Iterable<Subscription> {
    return this.#byRef.values();
  }

  /** Joins a tag; nothing is to be done where its node is known to have the member. */
  join(
    registration: Registration,
    tag: string,
    command: PendingCommand | null,
    now: number,
    effects: Effects,
  ): void {
    const one = this.rowOf(registration.slot, tag) ?? this.#make(registration, tag, now);
    if (one.wanted && one.member === "yes" && one.call === null) return;
    // A leave that nobody answered may come late: it must not be taken for one of the membership that begins.
    if (!one.wanted) this.#write(one, { path: one.record.path, epoch: this.#newEpoch(now) });
    one.wanted = true;
    if (command !== null) wait(one.joins, command);
    this.#step(one, now, effects);
  }

  leave(one: Subscription, command: PendingCommand | null, now: number, effects: Effects): void {
    if (one.wanted) {
      one.wanted = false;
      // A leave that was sent may be carried out at any time, also after this object was killed. What an ended registration leaves
      // its own row tells.
      if (one.registration.record.endedAt === null && one.member !== "no") {
        this.#parts.store.putTag({ ...one.record, generation: LEAVING });
      }
      this.#parts.onUnwanted(one, now, effects);
      // What comes until it is joined anew is not for it.
      one.taken = null;
    }
    if (command !== null) wait(one.leaves, command);
    this.#step(one, now, effects);
  }

  /** The registration has ended: its rows go when the nodes have answered. */
  end(registration: Registration, now: number, effects: Effects): void {
    for (const one of [...this.in(registration.slot)]) this.leave(one, null, now, effects);
  }

  /** Another life begins in the slot: what the one before has left and no node has answered stays to be left. */
  outlive(slot: number): void {
    for (const one of [...this.in(slot)]) {
      this.#bySlot.get(slot)?.delete(one.record.tag);
      this.#leaveBehind(one);
      // A row from before there were lives would be taken for one of the life that begins.
      this.#parts.store.putTag(one.record);
    }
  }

  /** The node says that it does not have the member. */
  unknown(one: Subscription, now: number, effects: Effects): void {
    one.member = "maybe";
    this.#step(one, now, effects);
  }

  /** Does what is next, unless something is being done. */
  #step(one: Subscription, now: number, effects: Effects): void {
    if (one.call !== null) return;
    const met = one.wanted ? one.leaves : one.joins;
    // Somebody has wanted the other since: as far as they are concerned it was so for a moment.
    for (const command of met.splice(0)) command.done(null, now, effects);
    if (one.wanted) {
      if (one.member !== "yes") this.#enter(one, now, effects);
    } else if (one.member === "no") this.#left(one, now, effects);
    else this.#leave(one, now, effects);
  }

  /** Joins once all that an earlier life left behind is gone; without a link nobody else would ask for that for half a minute. */
  #enter(one: Subscription, now: number, effects: Effects): void {
    const before = this.#leftovers.get(leftoverKey(one));
    if (before === undefined) this.#join(one, now, effects);
    else for (const each of [...before]) this.#step(each, now, effects);
  }

  #join(one: Subscription, now: number, effects: Effects): void {
    const { calls, depths, name, listens, mayBeKnown, onJoined } = this.#parts;
    const find = one.member === "maybe" || mayBeKnown();
    one.call = "join";
    one.member = "maybe";
    const join = new Join(one, find, {
      calls,
      depths,
      name,
      listens: () => one.wanted && listens(one.registration),
      onEnd: (joined, result, when, out) => {
        one.call = null;
        if (joined === null) {
          // An attach may have found the member meanwhile; what it did not fetch was left to the join.
          if (one.wanted && one.member === "yes") {
            for (const command of one.joins.splice(0)) command.done(null, when, out);
            onJoined(one, false, when, out);
          } else this.#failed(one, one.joins, result, when, out);
          return;
        }
        const { path, epoch } = joined;
        if (epoch < one.record.epoch) {
          // It was left and joined anew meanwhile: what stands there is of the membership before.
          this.#step(one, when, out);
          return;
        }
        if (!one.wanted && epoch > one.record.epoch) {
          // The member is a later one's; of this one there is nothing.
          one.member = "no";
          this.#step(one, when, out);
          return;
        }
        one.member = "yes";
        if (path !== one.record.path || epoch !== one.record.epoch) {
          this.#lastEpoch = Math.max(this.#lastEpoch, epoch);
          this.#write(one, { path, epoch });
        }
        one.taken ??= joined.head;
        if (joined.live) one.reached = joined.head;
        for (const command of one.joins.splice(0)) command.done(null, when, out);
        if (one.wanted) onJoined(one, joined.live, when, out);
        this.#step(one, when, out);
      },
    });
    calls.ask(join, now, effects);
  }

  #leave(one: Subscription, now: number, effects: Effects): void {
    one.call = "leave";
    const leaving = { device: this.#parts.name, epoch: one.record.epoch };
    const call = {
      begin: () =>
        ({
          kind: "tag",
          name: one.nodeName(),
          call: { method: "leave", request: leaving },
        }) as const,
      done: (result: CallResult, when: number, out: Effects) => {
        one.call = null;
        if (!result.ok) {
          one.member = "maybe";
          this.#failed(one, one.leaves, result, when, out);
          if (one.wanted) this.#step(one, when, out);
        } else if (result.answer === false && one.member === "maybe") {
          // Its join was cut off, and may have ended at another node: it is looked for before it is called gone.
          this.#join(one, when, out);
        } else {
          one.member = "no";
          this.#step(one, when, out);
        }
      },
    };
    this.#parts.calls.ask(call, now, effects);
  }

  /** The node has let the member go. */
  #left(one: Subscription, now: number, effects: Effects): void {
    this.#delete(one);
    for (const command of one.leaves.splice(0)) command.done(null, now, effects);
    const key = leftoverKey(one);
    const others = this.#leftovers.get(key)?.filter((other) => other !== one);
    if (others === undefined) return;
    if (others.length > 0) this.#leftovers.set(key, others);
    else {
      const heirs = this.#heirsOf(one);
      this.#leftovers.delete(key);
      for (const heir of heirs) this.#step(heir, now, effects);
    }
  }

  /** What waits for one that an earlier life left behind. */
  #heirsOf(one: Subscription): readonly Subscription[] {
    const key = leftoverKey(one);
    if (this.#leftovers.get(key)?.includes(one) !== true) return [];
    const heir = this.rowOf(one.record.slot, one.record.tag);
    return heir?.wanted === true && heir.member !== "yes" ? [heir] : [];
  }

  /** What was commanded is refused; what is to be is tried again. */
  #failed(
    one: Subscription,
    commands: PendingCommand[],
    result: CallResult,
    now: number,
    effects: Effects,
  ): void {
    // Nothing comes of a join that waits for it, either, before it is tried again.
    const waiting = this.#heirsOf(one).flatMap(({ joins }) => joins.splice(0));
    for (const command of [...commands.splice(0), ...waiting]) {
      command.done(refusalOf(result), now, effects);
    }
    this.#tryAgain(one, now);
  }

  #tryAgain(one: Subscription, now: number): void {
    this.#parts.retries.add(one, (...when) => this.#step(one, ...when), now);
  }

  #make(registration: Registration, tag: string, now: number): Subscription {
    const { store, depths, name } = this.#parts;
    const { slot, record } = registration;
    const depth = depths.start(tagIdOf(record.app, tag), name, now);
    const path = devicePath(name, depth);
    const ref = this.#newRef(tag, now);
    const { generation } = registration;
    const membership = { ref, slot, tag, path, generation, epoch: this.#newEpoch(now) };
    const one = new Subscription(registration, membership, "no");
    store.putTag(one.record);
    this.#byRef.set(ref, one);
    this.#addToSlot(one);
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
    while (ref === 0 || this.#byRef.has(ref)) ref = (ref + 1) & 0x7fff_ffff;
    return ref;
  }

  #write(one: Subscription, change: Pick<TagRecord, "path" | "epoch">): void {
    one.record = { ...one.record, ...change };
    if (this.#byRef.get(one.record.ref) === one) this.#parts.store.putTag(one.record);
  }

  #addToSlot(one: Subscription): void {
    const { slot, tag } = one.record;
    const inSlot = this.#bySlot.get(slot) ?? new Map<string, Subscription>();
    this.#bySlot.set(slot, inSlot.set(tag, one));
  }

  #leaveBehind(one: Subscription): void {
    const key = leftoverKey(one);
    this.#leftovers.set(key, [one, ...(this.#leftovers.get(key) ?? [])]);
  }

  /** With its row, where it has one still. */
  #delete(one: Subscription): void {
    const { slot, tag, ref } = one.record;
    if (this.#byRef.get(ref) !== one) return;
    this.#byRef.delete(ref);
    if (this.rowOf(slot, tag) === one) this.#bySlot.get(slot)?.delete(tag);
    this.#parts.store.deleteTag(ref);
  }
}

/** Whoever was answered before its end is forgotten where another comes: a device may ask again and again meanwhile. */
function wait(commands: PendingCommand[], command: PendingCommand): void {
  const open = commands.filter(({ isAnswered }) => !isAnswered);
  commands.splice(0, commands.length, ...open, command);
  command.expect();
}

const leftoverKey = ({ record }: Subscription): string => `${record.slot} ${record.tag}`;
