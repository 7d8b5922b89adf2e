/**
 * The signed requests that changed something of an app lately. A signature is taken for minutes, and what a copy of it says may be
 * out of date by then: each is carried out once, so that no copy undoes what was changed since.
 */
import { LIMITS } from "../../schema/limits.ts";

/** A signed request that was begun. */
export interface SignedChange {
  /** Of its signature: base64url of 9 bytes of the hash. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export type BeginAnswer = "begun" | "replayed" | "full";

/** Where they are kept: a ring that grows, in which a change takes the place of one that is over. */
export interface ChangeStore {
  listChanges(): Iterable<SignedChange & { readonly slot: number }>;
  /** One row, new or in place of the one of this slot. */
  putChange(slot: number, change: SignedChange): void;
  /** All rows go, at the price of none each. */
  dropChanges(): void;
}

/** A ring of more rows than this is read at its real price: it shrinks when most of it is over. */
const KEPT_COUNT = 1_024;

export class SignedChanges {
  readonly #store: ChangeStore;
  /** By slot. */
  #ring: SignedChange[] | null = null;
  readonly #begun = new Map<string, number>();
  /** Slot of the oldest, about: whatever it is, only what is over is replaced. */
  #oldest = 0;

  constructor(store: ChangeStore) {
    this.#store = store;
  }

  /**
   * Notes a change before it is carried out.
   *
   * @returns "replayed" for one that was noted before, "full" where `LIMITS.SIGNED_CHANGES` were within the life of a signature
   */
  begin({ id, at }: SignedChange): BeginAnswer {
    const isOver = (change: number): boolean => Math.abs(at - change) >= LIMITS.REPLAY_MS;
    const ring = this.#load(isOver);
    const known = this.#begun.get(id);
    if (known !== undefined && !isOver(known)) return "replayed";
    const oldest = ring[this.#oldest];
    const isFree = oldest !== undefined && isOver(oldest.at);
    if (!isFree && ring.length >= LIMITS.SIGNED_CHANGES) return "full";
    const slot = isFree ? this.#oldest : ring.length;
    // Before it is known here: what could not be written is not carried out, and is no copy when it comes again.
    this.#store.putChange(slot, { id, at });
    if (isFree) {
      this.#begun.delete(oldest.id);
      this.#oldest = (slot + 1) % ring.length;
    }
    ring[slot] = { id, at };
    this.#begun.set(id, at);
    return "begun";
  }

  #load(isOver: (at: number) => boolean): SignedChange[] {
    if (this.#ring !== null) return this.#ring;
    const ring: SignedChange[] = [];
    for (const { slot, id, at } of this.#store.listChanges()) ring[slot] = { id, at };
    this.#ring = this.#shrink(ring, isOver);
    for (const [slot, { id, at }] of this.#ring.entries()) {
      this.#begun.set(id, at);
      if (at < (this.#ring[this.#oldest]?.at ?? Number.POSITIVE_INFINITY)) this.#oldest = slot;
    }
    return this.#ring;
  }

  /**
   * After a burst the ring would be read whole at each wake, for good (measured: 131,096 rows and 1.3 s for one change). What is not
   * over is written again, at most one row for each that goes.
   */
  #shrink(ring: SignedChange[], isOver: (at: number) => boolean): SignedChange[] {
    if (ring.length <= KEPT_COUNT) return ring;
    const standing = ring.filter(({ at }) => !isOver(at));
    if (standing.length > ring.length / 2) return ring;
    this.#store.dropChanges();
    for (const [slot, change] of standing.entries()) this.#store.putChange(slot, change);
    return standing;
  }
}
