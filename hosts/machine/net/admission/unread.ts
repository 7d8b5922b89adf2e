/** What strangers can make a host hold: heads and bodies that have begun and not come whole, counted over all connections. */
import { LIMITS } from "../../../../schema/limits.ts";

/** Of all connections. */
export class Unread {
  /** Bytes in all. */
  bytes = 0;
}

/** One connection's part of it. */
export class UnreadPart {
  readonly #all: Unread;
  #bytes = 0;

  constructor(all: Unread) {
    this.#all = all;
  }

  /**
   * The connection holds so many bytes now.
   *
   * @returns false where it has grown and all together hold more than they may: it is the one to refuse
   */
  hold(bytes: number): boolean {
    const grown = bytes - this.#bytes;
    this.#all.bytes += grown;
    this.#bytes = bytes;
    return grown <= 0 || this.#all.bytes <= LIMITS.UNREAD_BYTES;
  }
}
