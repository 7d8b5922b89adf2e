/** The bytes of incomplete heads and bodies, which strangers can make a host hold, counted over all connections. */
import { LIMITS } from "../../../../schema/limits.ts";

/** All connections together. */
export class Unread {
  bytes = 0;
  /** Of them, those of requests that name no key that has succeeded. */
  strangersBytes = 0;
}

/** One connection. */
export class UnreadPart {
  readonly #all: Unread;
  #bytes = 0;
  #isKnown = false;

  constructor(all: Unread) {
    this.#all = all;
  }

  /** Whether the request names a key that has succeeded before: strangers take no room from it. */
  set isKnown(isKnown: boolean) {
    if (isKnown === this.#isKnown) return;
    this.#isKnown = isKnown;
    this.#all.strangersBytes += isKnown ? -this.#bytes : this.#bytes;
  }

  /**
   * Sets the number of bytes that the connection holds.
   *
   * @returns false if it has grown and all connections are over the limit: the caller refuses this one
   */
  hold(bytes: number): boolean {
    const all = this.#all;
    const grown = bytes - this.#bytes;
    this.#bytes = bytes;
    all.bytes += grown;
    if (!this.#isKnown) all.strangersBytes += grown;
    if (grown <= 0) return true;
    const isRoom = this.#isKnown || all.strangersBytes <= LIMITS.UNREAD_STRANGERS_BYTES;
    return isRoom && all.bytes <= LIMITS.UNREAD_BYTES;
  }
}
