/**
 * The signed requests that recently changed an app. A signature is valid for minutes, and a late copy of a request may be outdated: each
 * request is carried out once, so that no copy undoes later changes.
 */
import { LIMITS } from "../../schema/limits.ts";

/** A signed request that was begun. */
export interface SignedChange {
  /** 9 bytes of the hash of its signature, base64url. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export type BeginAnswer = "begun" | "replayed" | "full";

/** The storage port: a growing ring, in which a new change replaces an expired one. */
export interface ChangeStore {
  listChanges(): Iterable<SignedChange & { readonly slot: number }>;
  /** Writes one row; replaces the row of this slot. */
  putChange(slot: number, change: SignedChange): void;
  /** Deletes all rows, without a row written for each. */
  dropChanges(): void;
}

/** A larger ring is expensive to read: it is shrunk once most of it has expired. */
const KEPT_COUNT = 1_024;

export class SignedChanges {
  readonly #store: ChangeStore;
  /** By slot. */
  #ring: SignedChange[] | null = null;
  readonly #begun = new Map<string, number>();
  /** The slot of the oldest change, approximately: a change is replaced only if it has expired. */
  #oldest = 0;

  constructor(store: ChangeStore) {
    this.#store = store;
  }

  /**
   * Records a change before it is carried out.
   *
   * @returns "replayed" if it was recorded before; "full" if there were `LIMITS.SIGNED_CHANGES` within the lifetime of a signature
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
    // First in the store: if the write fails, the change is not carried out, and its retry is not a replay.
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
   * After a burst the whole ring would be read at each wake, forever (measured: 131,096 rows and 1.3 s for one change). Rewrites the
   * changes that have not expired, at most one row for each that is dropped.
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
