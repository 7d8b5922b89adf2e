/** Remembers which keys and send tokens have succeeded, and from which networks, so that failures of others do not lock them out. */
import { BoundedMap } from "../../../../schema/bounded-map.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { keyIdOf } from "../../../../worker/signature/headers.ts";

/** Minimum time between two updates of the key that sends most: an update takes ten times as long as this check. */
const NOTE_MS = 10_000;

/**
 * - `here`: it succeeded from this network in the last hour
 * - `elsewhere`: it succeeded from another network, or longer ago
 */
type KeyStanding = "here" | "elsewhere" | "unknown";

export class GoodKeys {
  /** By key, when it last succeeded from each network. */
  readonly #keys = new BoundedMap<string, BoundedMap<string, number>>(LIMITS.FAILED_AUTH_GOOD_KEYS);
  #last = { input: "", network: "", until: 0 };

  standingOf(keyId: string, network: string, now: number): KeyStanding {
    const networks = this.#keys.get(keyId);
    if (networks === undefined) return "unknown";
    const at = networks.get(network);
    return at !== undefined && now - at < LIMITS.FAILED_AUTH_GOOD_KEY_MS ? "here" : "elsewhere";
  }

  /** To be called when a request with this Signature-Input has succeeded. */
  add(input: string, network: string, now: number): void {
    const last = this.#last;
    if (network === last.network && now < last.until && input.includes(last.input)) return;
    const keyId = keyIdOf(input);
    if (keyId === "") return;
    this.#last = { input: `;keyid="${keyId}"`, network, until: now + NOTE_MS };
    this.addKey(keyId, network, now);
  }

  /** To be called when a request by this key has succeeded. */
  addKey(keyId: string, network: string, now: number): void {
    const networks =
      this.#keys.get(keyId) ?? new BoundedMap<string, number>(LIMITS.FAILED_AUTH_GOOD_KEY_NETWORKS);
    networks.set(network, now);
    this.#keys.set(keyId, networks);
  }
}
