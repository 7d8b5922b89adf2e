/**
 * Which broadcasts to several tags are being handed to a root now: two requests with one key would each find another root to take
 * theirs where a tag gets its first member between them. In memory alone: it is for seconds.
 */
import { LIMITS } from "../../schema/limits.ts";

/** A claim that nobody gave up, as where the process of the edge has died. */
const CLAIM_MS = 30_000;

export class Claims {
  /** Until when, by key, oldest first. */
  readonly #claimed = new Map<string, number>();

  /** @returns false while another request has it */
  claim(key: string, now: number): boolean {
    const until = this.#claimed.get(key);
    if (until !== undefined && until > now) return false;
    for (const oldest of this.#claimed.keys()) {
      if (this.#claimed.size < LIMITS.BROADCAST_CLAIMS) break;
      this.#claimed.delete(oldest);
    }
    this.#claimed.delete(key);
    this.#claimed.set(key, now + CLAIM_MS);
    return true;
  }

  release(key: string): void {
    this.#claimed.delete(key);
  }
}
