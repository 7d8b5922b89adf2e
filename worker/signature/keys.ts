/** App records as the edge uses them: with keys prepared once, not for every request. */
import { ALL_RIGHTS, type KeyRights } from "../../core/app/app.ts";
import type { Quota } from "../../core/app/quota.ts";
import { isSmallOrder } from "../../core/identity/ed25519.ts";
import { isSecretOf } from "../../core/identity/send-token.ts";
import type { AppTrust } from "../../core/trust/app-trust.ts";
import { appTrust } from "../../objects/app/app-record.ts";
import type { AppKey, AppRecord } from "../../objects/interfaces/rpc.ts";
import { KEY_ALGORITHMS } from "../../schema/http/enums.ts";
import { type EdgeCrypto, webCrypto } from "./crypto.ts";
import type { Verifier } from "./verify.ts";

/** A key of an app: of one that signs, `verify` takes what was signed and the signature; of a send token, the secret and nothing. */
export interface AppVerifier extends Verifier, KeyRights {
  /** When its use was last recorded, as far as this edge knows. */
  lastUsedAt: number | null;
  /** The app's 8 bytes, as a regId carries them. */
  readonly app: Uint8Array;
  /** Of the record that the key came with. */
  readonly trust: AppTrust;
  readonly keyId: string;
  readonly quota: AppQuota | null;
}

/** The quota of an app's sends. */
export interface AppQuota extends Quota {
  readonly appId: string;
}

/** An app, with its keys ready to verify. */
export interface LoadedApp {
  /** By key ID. */
  readonly keys: ReadonlyMap<string, AppVerifier>;
  readonly trust: AppTrust;
}

/** @throws if the material is not a key of the algorithm, or is a key of small order, which proves nothing */
export async function loadKey(
  { algorithm, material }: Pick<AppKey, "algorithm"> & { readonly material: Uint8Array },
  by: EdgeCrypto = webCrypto,
): Promise<Verifier> {
  if (algorithm === "ed25519" && isSmallOrder(material)) throw new Error("a key of small order");
  if (algorithm === "bearer")
    return { algorithm, verify: (secret) => isSecretOf(secret, material) };
  return { algorithm, verify: await by.verifier(algorithm, material) };
}

export async function loadApp(
  record: AppRecord,
  app: Uint8Array,
  by: EdgeCrypto,
  now: number,
): Promise<LoadedApp> {
  // A secret that cannot be opened verifies nothing. Keys of small order that were accepted before they were refused count as revoked.
  // What a newer version has stored and this one does not know must not keep the app's other keys from loading.
  const keys = record.keys.filter(
    (key): key is AppKey & { readonly material: Uint8Array } =>
      KEY_ALGORITHMS.includes(key.algorithm) &&
      key.material !== null &&
      (key.algorithm !== "ed25519" || !isSmallOrder(key.material)),
  );
  const trust = appTrust(record, now);
  const quota = record.quota ? { appId: record.appId, ...record.quota } : null;
  const entries = keys.map(async (key) => {
    // An AppObject of an older version does not say what a key may.
    const { keyId, scopes = ALL_RIGHTS.scopes, expiresAt = ALL_RIGHTS.expiresAt } = key;
    const rights = { scopes, expiresAt, lastUsedAt: key.lastUsedAt ?? null };
    const verifier = await loadKey(key, by);
    return [keyId, { ...verifier, keyId, app, trust, quota, ...rights }] as const;
  });
  return { keys: new Map(await Promise.all(entries)), trust };
}
