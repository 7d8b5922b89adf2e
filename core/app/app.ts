/** The rules of one app: it is made once, and holds a bounded number of sending keys. */
import { LIMITS } from "../../schema/limits.ts";

export type KeyAlgorithm = "hmac-sha256" | "ed25519";

/** A sending key as it is kept. */
export interface StoredKey {
  /** From 1, never given twice: a revoked key's ID must not come back to life. */
  readonly n: number;
  readonly algorithm: KeyAlgorithm;
  /** HMAC secret, or raw Ed25519 public key: 32 bytes. */
  readonly material: Uint8Array;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

export interface StoredApp {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** The pair by which an app's broadcasts are signed for live listeners: Ed25519, raw, 32 bytes each. */
export interface LiveKey {
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** Where one app's rows are. Every call takes effect before it returns. */
export interface AppStore {
  app(): StoredApp | null;
  setApp(app: StoredApp): void;
  /** Oldest first. */
  keys(): readonly StoredKey[];
  /** Adds a key under the next n and counts on. */
  addKey(key: Omit<StoredKey, "n">): StoredKey;
  /** False where there is no such key. */
  removeKey(n: number): boolean;
  /** How many keys were ever added, removed ones included: the last n given. */
  keysMade(): number;
  /** Null where it was never needed. */
  liveKey(): LiveKey | null;
  setLiveKey(key: LiveKey): void;
  /** Removes the app with its keys, the live key too. False where there is none. */
  removeApp(): boolean;
  /** Puts keys of another store into one that has none, and counts on from `made`. */
  putKeys(keys: readonly StoredKey[], made: number): void;
}

/** Makes the app; making it again changes nothing, so that a repeated call is harmless. */
export function createApp(store: AppStore, name: string, now: number): StoredApp {
  const standing = store.app();
  if (standing !== null) return standing;
  const app = { name, createdAt: now };
  store.setApp(app);
  return app;
}

/** Adds a key. Null where there is no app, "full" at `LIMITS.APP_KEYS`. */
export function addKey(
  store: AppStore,
  algorithm: KeyAlgorithm,
  material: Uint8Array,
  now: number,
): StoredKey | "full" | null {
  if (store.app() === null) return null;
  if (store.keys().length >= LIMITS.APP_KEYS) return "full";
  return store.addKey({ algorithm, material, createdAt: now });
}

/**
 * The app's live key; the first call makes it. Null where there is no app.
 *
 * @param make a fresh pair; where two calls make one, the first to be stored is the app's
 */
export async function liveKeyOf(
  store: AppStore,
  make: () => Promise<LiveKey>,
): Promise<LiveKey | null> {
  if (store.app() === null) return null;
  const standing = store.liveKey();
  if (standing !== null) return standing;
  const fresh = await make();
  const other = store.liveKey();
  if (other !== null) return other;
  store.setLiveKey(fresh);
  return fresh;
}
