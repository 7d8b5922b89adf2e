/** The bytes of incomplete heads and bodies, which strangers can make a host hold, counted over all connections. */
import { LIMITS } from "../../../../schema/limits.ts";

/** All connections together. */
export class Unread {
  bytes = 0;
}

/** One connection. */
export class UnreadPart {
  readonly #all: Unread;
  #bytes = 0;

  constructor(all: Unread) {
    this.#all = all;
  }

  /**
   * Sets the number of bytes that the connection holds.
   *
   * @returns false if it has grown and all connections are over the limit: the caller refuses this one
   */
  hold(bytes: number): boolean {
    const grown = bytes - this.#bytes;
    this.#all.bytes += grown;
    this.#bytes = bytes;
    return grown <= 0 || this.#all.bytes <= LIMITS.UNREAD_BYTES;
  }
}
