/**
 * The broadcasts to several tags that are being passed to a root at present. Without these claims, two requests with one key could
 * choose different roots if a tag gets its first member in between. In memory only, because a claim lasts seconds.
 */
import { BoundedMap } from "../../schema/bounded-map.ts";
import { LIMITS } from "../../schema/limits.ts";

/** A claim ends after this time if it was not released, for example because the edge's process died. */
const CLAIM_MS = 30_000;

export class BroadcastClaims {
  /** By key. */
  readonly #claimed = new BoundedMap<string, { readonly request: string; readonly until: number }>(
    LIMITS.BROADCAST_CLAIMS,
  );

  /**
   * @param request a random name: a request whose answer was lost may claim again
   * @returns false while another request has the claim
   */
  claim(key: string, request: string, now: number): boolean {
    const claimed = this.#claimed.get(key);
    if (claimed !== undefined && claimed.request !== request && claimed.until > now) return false;
    this.#claimed.set(key, { request, until: now + CLAIM_MS });
    return true;
  }

  /** Releases a claim; a late call does not end the claim of another request. */
  release(key: string, request: string): void {
    if (this.#claimed.get(key)?.request === request) this.#claimed.delete(key);
  }
}
