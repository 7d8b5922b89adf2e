/** The rules of one app: it is created once, and has a bounded number of sending keys. */
import { KEY_SCOPES, type KeyAlgorithm, type Scope } from "../../schema/http/enums.ts";
import { LIMITS } from "../../schema/limits.ts";
import { type AppPolicy, DEFAULT_POLICY, type StoredTrust } from "../trust/policy.ts";
import type { Denial } from "./denials.ts";
import type { QuotaStore } from "./quota.ts";

/** What a key may sign, and until when. */
export interface KeyRights {
  /** Distinct, at least one. */
  readonly scopes: readonly Scope[];
  /** Milliseconds since 1970, exclusive; null for never. */
  readonly expiresAt: number | null;
}

/** Of a key from before there were scopes. */
export const ALL_RIGHTS: KeyRights = { scopes: KEY_SCOPES, expiresAt: null };

/** A stored sending key. */
export interface StoredKey extends KeyRights {
  /** From 1, never reused: the ID of a revoked key must not become valid again. */
  readonly n: number;
  readonly algorithm: KeyAlgorithm;
  /** HMAC secret, raw Ed25519 public key, or SHA-256 of the secret of a send token: 32 bytes. Null for a secret that was sealed with a mesh key that is gone. */
  readonly material: Uint8Array | null;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** When a signature of it was last verified, up to `LIMITS.KEY_USE_MS` too early; null if never, or before this was recorded. */
  readonly lastUsedAt: number | null;
}

export interface StoredApp {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** The key pair that signs an app's broadcasts for live listeners: Ed25519, raw, 32 bytes each. */
export interface LiveKey {
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** The storage port of an app. Every call takes effect before it returns. */
export interface AppStore extends QuotaStore {
  app(): StoredApp | null;
  setApp(app: StoredApp): void;
  /** `NO_TRUST` if none was ever set. */
  trust(): StoredTrust;
  setTrust(trust: StoredTrust): void;
  denials(): readonly Denial[];
  /** Replaces one of this kind and name. */
  putDenial(denial: Denial): void;
  removeDenial(denial: Pick<Denial, "kind" | "name">): void;
  /** Oldest first. */
  keys(): readonly StoredKey[];
  /** Adds a key with the next n. */
  addKey(key: Omit<StoredKey, "n">): StoredKey;
  /** Records that a key was used; writes at most one row in `LIMITS.KEY_USE_MS` for a key. */
  setLastUsed(n: number, at: number): void;
  /** Whether the last `keys` or `liveKey` found secrets that should be sealed again. */
  readonly hasStaleSecrets: boolean;
  /** Seals secrets that were stored in the clear, or with an older mesh key. @returns how many rows that wrote */
  sealStaleSecrets(): number;
  /** False if there is no such key. */
  removeKey(n: number): boolean;
  /** The number of keys ever added, including removed ones: the last n. */
  keysMade(): number;
  /** Null if it was never needed. */
  liveKey(): LiveKey | null;
  setLiveKey(key: LiveKey): void;
  /** Removes the app with its keys, including the live key, its trust, its denials and its quota. False if there is no app. */
  removeApp(): boolean;
  /** Imports keys of another store into an empty one. @param made the last n: new keys continue after it */
  putKeys(keys: readonly StoredKey[], made: number): void;
}

/** Creates the app. If it exists, returns it unchanged, so that a repeated call is harmless. */
export function createApp(
  store: AppStore,
  name: string,
  now: number,
  policy: AppPolicy = DEFAULT_POLICY,
): StoredApp {
  const standing = store.app();
  if (standing !== null) return standing;
  const app = { name, createdAt: now };
  store.setApp(app);
  store.setTrust({ policy, version: 1 });
  return app;
}

/** Replaces the policy of the app. @returns false if there is no app */
export function setPolicy(store: AppStore, policy: AppPolicy): boolean {
  if (store.app() === null) return false;
  store.setTrust({ policy, version: store.trust().version + 1 });
  return true;
}

/** Revokes a key, and with it whatever it signed. @returns false if there is no such key */
export function revokeKey(store: AppStore, n: number): boolean {
  if (!store.removeKey(n)) return false;
  const { policy, version } = store.trust();
  store.setTrust({ policy, version: version + 1 });
  return true;
}

/**
 * The trust of an app now. Its version also rises when a key expires, and not again when that key is revoked.
 *
 * @param now milliseconds since 1970
 * @param keys of the app, if they were read already: each read opens their secrets
 */
export function trustOf(store: AppStore, now: number, keys = store.keys()): StoredTrust {
  const { policy, version } = store.trust();
  const expired = keys.filter(({ expiresAt }) => expiresAt !== null && now >= expiresAt);
  return { policy, version: version + expired.length };
}

/** Adds a key. @returns null if there is no app, "full" at `LIMITS.APP_KEYS` */
export function addKey(
  store: AppStore,
  key: Omit<StoredKey, "n" | "createdAt" | "lastUsedAt"> & { readonly material: Uint8Array },
  now: number,
): StoredKey | "full" | null {
  if (store.app() === null) return null;
  if (store.keys().length >= LIMITS.APP_KEYS) return "full";
  return store.addKey({ ...key, createdAt: now, lastUsedAt: null });
}

/**
 * The app's live key, created by the first call; null if there is no app.
 *
 * @param make creates a key pair; if two calls do so at once, the first stored pair is the app's
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
