/** App records as the edge uses them: with keys prepared once, not for every request. */
import { isSmallOrder } from "../../core/identity/ed25519.ts";
import type { AppKey, AppRecord } from "../../objects/interfaces/rpc.ts";
import { type EdgeCrypto, webCrypto } from "./crypto.ts";
import type { Verifier } from "./verify.ts";

/** A sending key of an app. */
export interface AppVerifier extends Verifier {
  /** The app's 8 bytes, as a regId carries them. */
  readonly app: Uint8Array;
}

/** The keys of an app by key ID, ready to verify. */
export type LoadedApp = ReadonlyMap<string, AppVerifier>;

/** @throws if the material is not a key of the algorithm, or is a key of small order, which proves nothing */
export async function loadKey(
  { algorithm, material }: Pick<AppKey, "algorithm" | "material">,
  by: EdgeCrypto = webCrypto,
): Promise<Verifier> {
  if (algorithm === "ed25519" && isSmallOrder(material)) throw new Error("a key of small order");
  return { algorithm, verify: await by.verifier(algorithm, material) };
}

export async function loadApp(
  record: AppRecord,
  app: Uint8Array,
  by: EdgeCrypto,
): Promise<LoadedApp> {
  // Keys of small order that were accepted before they were refused count as revoked.
  const keys = record.keys.filter(
    ({ algorithm, material }) => algorithm !== "ed25519" || !isSmallOrder(material),
  );
  const entries = keys.map(
    async (key) => [key.keyId, { ...(await loadKey(key, by)), app }] as const,
  );
  return new Map(await Promise.all(entries));
}
