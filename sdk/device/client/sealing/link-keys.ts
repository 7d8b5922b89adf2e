/** The public keys of the mesh, fetched by the app itself: the push service, which holds the link, cannot put its own in their place. */
import { LINK_KEY_BYTES } from "../../../../schema/hpke.ts";
import { fromBase64Url } from "../../../../schema/text.ts";
import {
  AUTHENTICATE_TIMEOUT_MS,
  LINK_KEYS_MAX_AGE_MS,
  RETRY_BASE_MS,
  RETRY_MAX_MS,
} from "../../constants.ts";
import { PushError } from "../../errors.ts";
import type { Host } from "../../host.ts";

/** A network that is gone for a moment is not worth a report; a proxy or a policy that refuses the path is. */
const REPORTED_FAILURES = 3;

export interface LinkKey {
  readonly kid: number;
  readonly publicKey: Uint8Array<ArrayBuffer>;
}

export class LinkKeys {
  readonly #host: Host;
  readonly #urls: readonly string[];
  readonly #report: Host["report"];
  readonly #abort = new AbortController();
  #newest: LinkKey | undefined;
  #stop: (() => void) | undefined;
  #fetchedAt = Number.NEGATIVE_INFINITY;

  constructor(host: Host, urls: readonly string[], report: Host["report"]) {
    this.#host = host;
    this.#urls = urls;
    this.#report = report;
  }

  /** Fetches them anew at the next call of `newest`. */
  drop(): void {
    this.#fetchedAt = Number.NEGATIVE_INFINITY;
  }

  /** Nobody waits for a key any more. */
  close(): void {
    this.#stop?.();
    this.#abort.abort();
  }

  /**
   * The key to use, at most a day old. Without a network, it waits for one; after `close`, it does not resolve.
   *
   * @returns undefined if the mesh is of a version that has none
   */
  async newest(): Promise<LinkKey | undefined> {
    const host = this.#host;
    for (let failures = 0; host.elapsed() - this.#fetchedAt > LINK_KEYS_MAX_AGE_MS; failures++) {
      try {
        this.#newest = await this.#fetch(this.#urls[failures % this.#urls.length] ?? "");
        // A mesh without keys may have some after its next restart.
        if (this.#newest === undefined) return undefined;
        this.#fetchedAt = host.elapsed();
      } catch (cause) {
        // No network, a proxy, or a mesh that restarts: as often as the account's requests.
        if (failures === REPORTED_FAILURES) {
          const message =
            "GET /v1/link-keys fails, and register waits for it: let proxies and CSP pass it";
          this.#report(new PushError({ code: "network_failed", message, retry: "later", cause }));
        }
        const { promise, resolve } = Promise.withResolvers<void>();
        const waitMs = Math.min(RETRY_MAX_MS, RETRY_BASE_MS * 2 ** failures);
        if (!this.#abort.signal.aborted)
          this.#stop = host.after(waitMs * (1 + host.random()), resolve);
        await promise;
      }
    }
    return this.#newest;
  }

  async #fetch(url: string): Promise<LinkKey | undefined> {
    const { signal } = this.#abort;
    const { promise: late, reject } = Promise.withResolvers<never>();
    const stop = this.#host.after(AUTHENTICATE_TIMEOUT_MS, () => reject());
    try {
      const init = { signal, cache: "no-cache" } as const;
      const response = await Promise.race([this.#host.fetch(`${url}/v1/link-keys`, init), late]);
      if (response.status === 404) return undefined;
      const { keys } = await Promise.race([response.json(), late]);
      const [{ kid, publicKey }] = keys;
      const bytes = fromBase64Url(publicKey);
      if (bytes?.length !== LINK_KEY_BYTES || kid !== kid >> 0)
        throw new TypeError(`${response.status}, no key`);
      return { kid, publicKey: bytes.slice() };
    } finally {
      stop();
    }
  }
}
