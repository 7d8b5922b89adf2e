/** App records that an isolate keeps for a while. Dropping any of it costs one call, nothing else. */
import type { LoadedApp } from "./keys.ts";

export interface AppCacheOptions {
  /** How long a record is used. */
  readonly ttlMs: number;
  /** How long "no such app" is used. */
  readonly missTtlMs: number;
  /** How often one app may be reloaded for a key that its record lacks. */
  readonly reloadMs: number;
  /** Records kept; the least recently used goes first. */
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

interface Entry {
  readonly app: Promise<LoadedApp | null>;
  readonly loadedAt: number;
  /** Set once the load has ended. */
  settled: { readonly app: LoadedApp | null } | undefined;
}

export class AppCache {
  readonly #options: AppCacheOptions;
  /** In order of use, the least recent first. */
  readonly #entries = new Map<string, Entry>();

  constructor(options: AppCacheOptions) {
    this.#options = options;
  }

  /**
   * The app, from the cache or by `load`. Requests that miss together share one load.
   *
   * @param keyId - Where a cached record lacks this key the app is loaded again, for it may be newer than the record.
   * @param load - Null where there is no such app. A failure is not cached, be it
   *   thrown or a rejection: a forged appId is refused by throwing, and takes no place.
   */
  async get(
    appId: string,
    keyId: string,
    load: () => Promise<LoadedApp | null>,
  ): Promise<LoadedApp | null> {
    const entry = this.#entries.get(appId);
    if (entry === undefined || this.#stale(entry, keyId)) return this.#load(appId, load);
    this.#entries.delete(appId);
    this.#entries.set(appId, entry);
    return entry.settled === undefined ? entry.app : entry.settled.app;
  }

  /** Drops an app, so that a revoked key is refused by this isolate at once. */
  forget(appId: string): void {
    this.#entries.delete(appId);
  }

  #stale({ settled, loadedAt }: Entry, keyId: string): boolean {
    if (settled === undefined) return false;
    const age = this.#options.now() - loadedAt;
    // The clock was set back: how old it is nobody knows, and a revoked key must not live on.
    if (age < 0) return true;
    if (settled.app === null) return age >= this.#options.missTtlMs;
    if (age >= this.#options.ttlMs) return true;
    return age >= this.#options.reloadMs && !settled.app.has(keyId);
  }

  #load(appId: string, load: () => Promise<LoadedApp | null>): Promise<LoadedApp | null> {
    const entry: Entry = { app: load(), loadedAt: this.#options.now(), settled: undefined };
    this.#entries.delete(appId);
    this.#entries.set(appId, entry);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#options.count) break;
      this.#entries.delete(oldest);
    }
    entry.app.then(
      (app) => {
        entry.settled = { app };
      },
      () => {
        if (this.#entries.get(appId) === entry) this.#entries.delete(appId);
      },
    );
    return entry.app;
  }
}
