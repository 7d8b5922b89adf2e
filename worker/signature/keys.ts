/** App records as the edge uses them: keys imported once, not with every request. */
import type { AppKey, AppRecord } from "../../objects/interfaces/rpc.ts";
import type { Verifier } from "./verify.ts";

/** A sending key, and whose it is. */
export interface AppVerifier extends Verifier {
  /** The app's 8 bytes, as a regId carries them. */
  readonly app: Uint8Array;
}

/** An app whose signatures the edge can verify: its keys by key ID. */
export type LoadedApp = ReadonlyMap<string, AppVerifier>;

const ALGORITHMS = {
  "hmac-sha256": { key: { name: "HMAC", hash: "SHA-256" }, signatureBytes: 32 },
  ed25519: { key: { name: "Ed25519" }, signatureBytes: 64 },
} as const;

/** @throws DOMException where the material is no key of the algorithm. */
/** What this edge made itself is in no shared memory, which the DOM's types forbid and those of Workers do not tell. */
const unshared = (bytes: Uint8Array) => bytes as Uint8Array<ArrayBuffer>;

export async function loadKey({
  algorithm,
  material,
}: Pick<AppKey, "algorithm" | "material">): Promise<Verifier> {
  // A copy: what comes over RPC may be a view into a larger buffer.
  const raw = Uint8Array.from(material);
  const { key: parameters, signatureBytes } = ALGORITHMS[algorithm];
  const key = await crypto.subtle.importKey("raw", raw, parameters, false, ["verify"]);
  return {
    algorithm,
    async verify(data, signature) {
      // workerd throws at an Ed25519 signature of another length, where the specification says false.
      if (signature.length !== signatureBytes) return false;
      return await crypto.subtle.verify(parameters.name, key, unshared(signature), unshared(data));
    },
  };
}

export async function loadApp(record: AppRecord, app: Uint8Array): Promise<LoadedApp> {
  const entries = record.keys.map(
    async (key) => [key.keyId, { ...(await loadKey(key)), app }] as const,
  );
  return new Map(await Promise.all(entries));
}
