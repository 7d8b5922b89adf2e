/** App records as the edge uses them: keys made ready once, not with every request. */
import { isSmallOrder } from "../../core/identity/ed25519.ts";
import type { AppKey, AppRecord } from "../../objects/interfaces/rpc.ts";
import { type EdgeCrypto, webCrypto } from "./crypto.ts";
import type { Verifier } from "./verify.ts";

/** A sending key, and whose it is. */
export interface AppVerifier extends Verifier {
  /** The app's 8 bytes, as a regId carries them. */
  readonly app: Uint8Array;
}

/** An app whose signatures the edge can verify: its keys by key ID. */
export type LoadedApp = ReadonlyMap<string, AppVerifier>;

/** @throws where the material is no key of the algorithm, or one that proves nothing. */
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
  // One that was taken before they were refused is as good as revoked.
  const keys = record.keys.filter(
    ({ algorithm, material }) => algorithm !== "ed25519" || !isSmallOrder(material),
  );
  const entries = keys.map(
    async (key) => [key.keyId, { ...(await loadKey(key, by)), app }] as const,
  );
  return new Map(await Promise.all(entries));
}
