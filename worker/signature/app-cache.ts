/** App records that an isolate keeps for a while. Dropping any of it costs one call, nothing else. */
import { BoundedMap } from "../../schema/bounded-map.ts";
import { Loads, type LoadsOptions } from "../loads.ts";
import type { LoadedApp } from "./keys.ts";

export interface AppCacheOptions extends LoadsOptions {
  /** How long a record is used. */
  readonly ttlMs: number;
  /** From which age on a record is loaded anew while it is used: its object may take long, and nobody waits for it. */
  readonly refreshMs: number;
  /** How long "no such app" is used. */
  readonly missTtlMs: number;
  /** How often one app may be reloaded for a key that its record lacks. */
  readonly reloadMs: number;
  /** Records kept; the least recently used goes first. */
  readonly count: number;
}

interface Entry {
  readonly app: LoadedApp | null;
  /** When its load began. */
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
   * The app, from the cache or by `load`. Requests that miss together share one load.
   *
   * @param keyId - Where a cached record lacks this key the app is loaded again, for it may be newer than the record.
   * @param load - Null where there is no such app. A failure is not cached, be it
   *   thrown or a rejection: a forged appId is refused by throwing, and takes no place.
   * @throws MeshError `overloaded` where a load takes too long
   */
  async get(appId: string, keyId: string, load: LoadApp): Promise<LoadedApp | null> {
    const entry = this.#entries.get(appId);
    if (entry === undefined || this.#isStale(entry, keyId)) return this.#loads.get(appId, load);
    this.#entries.touch(appId);
    if (this.#isDue(entry) && !this.#loads.isLoading(appId)) {
      // Where it fails, the record is used for as long as it may be, and then asked for by whoever needs it.
      this.#loads.get(appId, load).catch(() => {});
    }
    return entry.app;
  }

  /** Drops an app, so that a revoked key is refused by this isolate at once. */
  forget(appId: string): void {
    this.#entries.delete(appId);
    this.#loads.forget(appId);
  }

  #isDue({ app, loadedAt }: Entry): boolean {
    return app !== null && this.#options.now() - loadedAt >= this.#options.refreshMs;
  }

  #isStale({ app, loadedAt }: Entry, keyId: string): boolean {
    const age = this.#options.now() - loadedAt;
    // The clock was set back: how old it is nobody knows, and a revoked key must not live on.
    if (age < 0) return true;
    if (app === null) return age >= this.#options.missTtlMs;
    if (age >= this.#options.ttlMs) return true;
    return age >= this.#options.reloadMs && !app.has(keyId);
  }
}
