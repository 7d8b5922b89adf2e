/**
 * The tags that registrations are in. A row says that a tag is wanted before its node is asked, and goes when the node has
 * answered; what a crash leaves between is found when the node is attached to: see docs/storage.md.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { CallResult, Effects } from "../link/effects.ts";
import type { Depths } from "../tag/depths.ts";
import { devicePath, tagIdOf } from "../tag/name.ts";
import type { Calls } from "./calls.ts";
import { type Errand, refusalOf } from "./errands.ts";
import { Join } from "./join.ts";
import type { Registration } from "./registration.ts";
import type { Retries } from "./retries.ts";
import type { SubscriptionStore } from "./store.ts";
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

export class Subscriptions {
  readonly #parts: SubscriptionParts;
  /** By slot and tag. */
  readonly #bySlot = new Map<number, Map<string, Subscription>>();
  readonly #byRef = new Map<number, Subscription>();
  /** What is being left without a row, by app and tag: whoever joins the tag anew waits for it. */
  readonly #leftovers = new Map<string, Subscription[]>();

  constructor(parts: SubscriptionParts) {
    this.#parts = parts;
  }

  /** Reads the rows of all registrations; those of ended ones were being left. */
  load(registrations: ReadonlyMap<number, Registration>, now: number): void {
    for (const record of this.#parts.store.listTags()) {
      const registration = registrations.get(record.slot);
      if (registration === undefined) continue;
      const one = new Subscription(registration, record, "maybe");
      this.#add(one);
      if (registration.record.endedAt === null) continue;
      one.wanted = false;
      this.#tryAgain(one, now);
    }
  }

  /** All of a slot, those that are being left included. */
  in(slot: number): Iterable<Subscription> {
    return this.#bySlot.get(slot)?.values() ?? [];
  }

  /** How many a slot has, likewise. */
  count(slot: number): number {
    return this.#bySlot.get(slot)?.size ?? 0;
  }

  /** How many tags a slot is leaving, and those that the device still leaves for slots that are somebody else's now. */
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
    errand: Errand | null,
    now: number,
    effects: Effects,
  ): void {
    const one = this.rowOf(registration.slot, tag) ?? this.#make(registration, tag, now);
    if (one.wanted && one.member === "yes" && one.call === null) return;
    one.wanted = true;
    if (errand !== null) {
      errand.expect();
      one.joins.push(errand);
    }
    this.#step(one, now, effects);
  }

  leave(one: Subscription, errand: Errand | null, now: number, effects: Effects): void {
    if (one.wanted) {
      one.wanted = false;
      this.#parts.onUnwanted(one, now, effects);
      // What comes until it is joined anew is not for it.
      one.taken = null;
    }
    if (errand !== null) {
      errand.expect();
      one.leaves.push(errand);
    }
    this.#step(one, now, effects);
  }

  /** The registration has ended: its rows go when the nodes have answered. */
  end(registration: Registration, now: number, effects: Effects): void {
    for (const one of [...this.in(registration.slot)]) this.leave(one, null, now, effects);
  }

  /** The slot is somebody else's now: rows of what is being left there go at once, and it is left all the same. */
  abandon(slot: number): void {
    for (const one of [...this.in(slot)]) {
      if (one.wanted) continue;
      this.#delete(one);
      const key = leftoverKey(one);
      this.#leftovers.set(key, [one, ...(this.#leftovers.get(key) ?? [])]);
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
    for (const errand of met.splice(0)) errand.done(null, now, effects);
    if (one.wanted) {
      if (one.member !== "yes" && !this.#leftovers.has(leftoverKey(one))) {
        this.#join(one, now, effects);
      }
    } else if (one.member === "no") this.#left(one, now, effects);
    else this.#leave(one, now, effects);
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
          this.#failed(one, one.joins, result, when, out);
          return;
        }
        one.member = "yes";
        if (joined.path !== one.record.path) this.#move(one, joined.path);
        one.taken ??= joined.head;
        if (joined.live) one.reached = joined.head;
        for (const errand of one.joins.splice(0)) errand.done(null, when, out);
        if (one.wanted) onJoined(one, joined.live, when, out);
        this.#step(one, when, out);
      },
    });
    calls.ask(join, now, effects);
  }

  #leave(one: Subscription, now: number, effects: Effects): void {
    one.call = "leave";
    const call = {
      begin: () =>
        ({
          kind: "tag",
          name: one.nodeName(),
          call: { method: "leave", request: this.#parts.name },
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
    for (const errand of one.leaves.splice(0)) errand.done(null, now, effects);
    const key = leftoverKey(one);
    const others = this.#leftovers.get(key)?.filter((other) => other !== one);
    if (others === undefined) return;
    if (others.length > 0) this.#leftovers.set(key, others);
    else {
      this.#leftovers.delete(key);
      for (const heir of this.#byRef.values()) {
        if (heir.wanted && heir.member !== "yes" && leftoverKey(heir) === key) {
          this.#step(heir, now, effects);
        }
      }
    }
  }

  /** What was commanded is refused; what is to be is tried again. */
  #failed(
    one: Subscription,
    errands: Errand[],
    result: CallResult,
    now: number,
    effects: Effects,
  ): void {
    for (const errand of errands.splice(0)) errand.done(refusalOf(result), now, effects);
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
    const one = new Subscription(
      registration,
      { ref: this.#newRef(tag, now), slot, tag, path },
      "no",
    );
    store.putTag(one.record);
    this.#add(one);
    return one;
  }

  /** Of this device only, and not one that it had before: as good as random, and no state. */
  #newRef(tag: string, now: number): number {
    const hash = sha256(utf8.encode(`${tag} ${now}`));
    let ref = new DataView(hash.buffer, hash.byteOffset).getUint32(0) >>> 1;
    while (ref === 0 || this.#byRef.has(ref)) ref = (ref + 1) & 0x7fff_ffff;
    return ref;
  }

  #move(one: Subscription, path: string): void {
    one.record = { ...one.record, path };
    if (this.#byRef.get(one.record.ref) === one) this.#parts.store.putTag(one.record);
  }

  #add(one: Subscription): void {
    const { slot, tag, ref } = one.record;
    const inSlot = this.#bySlot.get(slot) ?? new Map<string, Subscription>();
    this.#bySlot.set(slot, inSlot.set(tag, one));
    this.#byRef.set(ref, one);
  }

  /** With its row, where it has one still. */
  #delete(one: Subscription): void {
    const { slot, tag, ref } = one.record;
    if (this.#byRef.get(ref) !== one) return;
    this.#byRef.delete(ref);
    this.#bySlot.get(slot)?.delete(tag);
    this.#parts.store.deleteTag(ref);
  }
}

const leftoverKey = ({ registration, record }: Subscription): string =>
  `${registration.record.app} ${record.tag}`;
