/** Caches app records in an isolate. Losing an entry costs one call, nothing else. */
import { BoundedMap } from "../../schema/bounded-map.ts";
import { Loads, type LoadsOptions } from "../loads.ts";
import type { LoadedApp } from "./keys.ts";

interface AppCacheOptions extends LoadsOptions {
  /** How long a record is valid. */
  readonly ttlMs: number;
  /** Age from which a record in use is reloaded in the background: its object may be slow, and nobody should wait for it. */
  readonly refreshMs: number;
  /** How long "no such app" is valid. */
  readonly missTtlMs: number;
  /** Minimum age before a record is reloaded for a key that it lacks. */
  readonly reloadMs: number;
  /** Maximum number of records; the least recently used is evicted first. */
  readonly count: number;
}

interface Entry {
  readonly app: LoadedApp | null;
  /** When its load started. */
  readonly loadedAt: number;
}

type LoadApp = () => Promise<LoadedApp | null>;

export class AppCache {
  readonly #options: AppCacheOptions;
  /** By appId, in order of use. */
  readonly #entries: BoundedMap<string, Entry>;
  readonly #loads: Loads<LoadedApp | null>;

  constructor(options: AppCacheOptions) {
    this.#options = options;
    this.#entries = new BoundedMap(options.count);
    this.#loads = new Loads(options, (appId, app, loadedAt) =>
      this.#entries.set(appId, { app, loadedAt }),
    );
  }

  /**
   * Returns the app from the cache, or loads it. Concurrent misses share one load.
   *
   * @param keyId if a cached record lacks this key, it is reloaded: the key may be newer
   * @param load returns null if there is no such app. Failures are not cached: for a forged appId it throws, which uses no entry
   * @throws MeshError `overloaded` if a load takes too long
   */
  async get(appId: string, keyId: string, load: LoadApp): Promise<LoadedApp | null> {
    const entry = this.#entries.get(appId);
    if (entry === undefined || this.#isStale(entry, keyId)) return this.#loads.get(appId, load);
    this.#entries.touch(appId);
    if (this.#isDue(entry) && !this.#loads.isLoading(appId)) {
      // If it fails, the record is used until it expires, and then loaded by the next request.
      this.#loads.get(appId, load).catch(() => {});
    }
    return entry.app;
  }

  /** Evicts an app, so that this isolate refuses a revoked key at once. */
  forget(appId: string): void {
    this.#entries.delete(appId);
    this.#loads.forget(appId);
  }

  #isDue({ app, loadedAt }: Entry): boolean {
    return app !== null && this.#options.now() - loadedAt >= this.#options.refreshMs;
  }

  #isStale({ app, loadedAt }: Entry, keyId: string): boolean {
    const age = this.#options.now() - loadedAt;
    // The clock was set back: the record's age is unknown, and a revoked key must not stay valid.
    if (age < 0) return true;
    if (app === null) return age >= this.#options.missTtlMs;
    if (age >= this.#options.ttlMs) return true;
    return age >= this.#options.reloadMs && !app.keys.has(keyId);
  }
}
