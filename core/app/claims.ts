/**
 * Which broadcasts to several tags are being handed to a root now: two requests with one key would each find another root to take
 * theirs where a tag gets its first member between them. In memory alone: it is for seconds.
 */
import { BoundedMap } from "../../schema/bounded-map.ts";
import { LIMITS } from "../../schema/limits.ts";

/** A claim that nobody gave up, as where the process of the edge has died. */
const CLAIM_MS = 30_000;

export class BroadcastClaims {
  /** By key. */
  readonly #claimed = new BoundedMap<string, { readonly request: string; readonly until: number }>(
    LIMITS.BROADCAST_CLAIMS,
  );

  /**
   * @param request a random name: one whose answer was lost claims again, and has it
   * @returns false while another request has it
   */
  claim(key: string, request: string, now: number): boolean {
    const claimed = this.#claimed.get(key);
    if (claimed !== undefined && claimed.request !== request && claimed.until > now) return false;
    this.#claimed.set(key, { request, until: now + CLAIM_MS });
    return true;
  }

  /** One that comes late ends no claim of another request. */
  release(key: string, request: string): void {
    if (this.#claimed.get(key)?.request === request) this.#claimed.delete(key);
  }
}
