/** Signs a request as docs/api.md specifies: RFC 9421 with the Content-Digest of RFC 9530. */
import { createSignature } from "http-message-sig";
import { toBase64 } from "../../schema/text.ts";
import type { Signer } from "./signer.ts";

interface SignOptions {
  readonly keyId: string;
  readonly signer: Signer;
  /** Seconds since 1970. */
  readonly created: number;
  /** Distinguishes this request from an identical one in the same second. */
  readonly nonce?: string;
}

/** Headers, or a map of fields by lower-case name. */
interface Fields extends Iterable<[string, string]> {
  has(name: string): boolean;
  set(name: string, value: string): unknown;
}

/** `Content-Digest` of a body: `sha-256=:…:`. */
export async function contentDigest(body: BufferSource): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", body);
  return `sha-256=:${toBase64(new Uint8Array(digest))}:`;
}

/**
 * Adds Content-Digest (if there is a body), Signature-Input and Signature to the headers of a request.
 *
 * @param url The URL of the request; its path and query are signed.
 * @param headers Of these, `idempotency-key` is signed if present.
 */
export async function signRequest(
  method: string,
  url: string,
  headers: Fields,
  body: BufferSource | null,
  { keyId, signer, created, nonce }: SignOptions,
): Promise<void> {
  const components = ["@method", "@path"];
  if (url.includes("?")) components.push("@query");
  if (body !== null) {
    headers.set("content-digest", await contentDigest(body));
    components.push("content-digest");
  }
  if (headers.has("idempotency-key")) components.push("idempotency-key");
  const fields = [...headers].map(([name, value]) => ({ name, value }));
  const { signature, signatureInput } = await createSignature(
    { kind: "request", method, targetUri: url, fields },
    {
      components,
      parameters: {
        created,
        keyid: keyId,
        alg: signer.algorithm,
        ...(nonce === undefined ? {} : { nonce }),
      },
      signer,
    },
  );
  headers.set("signature-input", signatureInput);
  headers.set("signature", signature);
}
