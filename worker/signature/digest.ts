/** Content-Digest (RFC 9530): that the body is the one the signature speaks of. */
import { parseDictionary } from "structured-headers";
import { equalBytes } from "../../core/identity/mac.ts";
import { MeshError } from "../../schema/errors.ts";

const ALGORITHMS = { "sha-256": "SHA-256", "sha-512": "SHA-512" } as const;

function read(header: string): ReturnType<typeof parseDictionary> {
  try {
    return parseDictionary(header);
  } catch (error) {
    throw new MeshError("digest_mismatch", "Content-Digest cannot be read", { cause: error });
  }
}

/**
 * Checks every sha-256 and sha-512 of the header against the body; at least one must be there.
 *
 * @throws MeshError `digest_mismatch`
 */
export async function checkDigest(header: string | null, body: BufferSource): Promise<void> {
  if (header === null) throw new MeshError("digest_mismatch", "Content-Digest is missing");
  const digests = read(header);
  let checked = 0;
  for (const [name, algorithm] of Object.entries(ALGORITHMS)) {
    const value = digests.get(name)?.[0];
    if (value === undefined) continue;
    const digest = new Uint8Array(await crypto.subtle.digest(algorithm, body));
    if (!(value instanceof ArrayBuffer) || !equalBytes(new Uint8Array(value), digest)) {
      throw new MeshError(
        "digest_mismatch",
        `${name} is not that of the ${body.byteLength} bytes received`,
      );
    }
    checked++;
  }
  if (checked === 0) {
    throw new MeshError("digest_mismatch", "Content-Digest has neither sha-256 nor sha-512");
  }
}
