/** Signed requests: RFC 9421 with the rules of docs/api.md. */
import {
  isSignatureError,
  type RequestDescriptor,
  SignatureErrorCode,
  type UntrustedSignatureCandidate,
  type Verifier,
  verifySignature,
} from "http-message-sig";
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";

/** What a verified signature says. */
export interface Verified<V extends Verifier> {
  readonly verifier: V;
  readonly nonce: string | undefined;
  readonly signature: Uint8Array;
}

/** Finds the verifier of a key ID; it throws the MeshError that refuses the key. */
export type FindKey<V extends Verifier> = (keyId: string) => Promise<V>;

const PARAMETERS = ["created", "keyid"] as const;

/** What the signature of a request must cover. */
function requiredComponents(request: Request): string[] {
  const required = ["@method", "@path"];
  if (request.method === "POST") required.push("content-digest");
  if (request.headers.has("idempotency-key")) required.push("idempotency-key");
  if (request.url.includes("?")) required.push("@query");
  return required;
}

/** The request as the library reads it, with the fields the signature names: others cannot matter. */
function describe(request: Request, signature: string, input: string): RequestDescriptor {
  const fields = [
    { name: "signature", value: signature },
    { name: "signature-input", value: input },
  ];
  for (const [name, value] of request.headers) {
    if (input.includes(`"${name}"`)) fields.push({ name, value });
  }
  return { kind: "request", method: request.method, targetUri: request.url, fields };
}

function checkCoverage(candidate: UntrustedSignatureCandidate, required: readonly string[]): void {
  // A component with parameters is another component: "content-digest";key="sha-256" is not the whole header.
  const covered = new Set(
    candidate.components
      .filter(({ parameters }) => Object.keys(parameters).length === 0)
      .map(({ name }) => name),
  );
  const missing = [
    ...required.filter((name) => !covered.has(name)).map((name) => `component "${name}"`),
    ...PARAMETERS.filter((name) => candidate.parameters[name] === undefined).map(
      (name) => `parameter ${name}`,
    ),
  ];
  if (missing.length > 0) {
    throw new MeshError("signature_incomplete", `the signature lacks ${missing.join(", ")}`);
  }
}

function checkTimes({ parameters }: UntrustedSignatureCandidate, now: number): void {
  const { created = 0, expires } = parameters;
  const age = now - created;
  const bound = LIMITS.SIGNATURE_MAX_AGE_SECONDS;
  const skew = LIMITS.CLOCK_SKEW_SECONDS;
  const refuse = (detail: string): never => {
    throw new MeshError("signature_expired", `${detail}; the mesh's clock says ${now}`);
  };
  if (age > bound + skew) refuse(`created is ${age} s ago; at most ${bound} s are taken`);
  if (age < -skew) refuse(`created is ${-age} s ahead`);
  if (expires !== undefined && expires < now - skew) refuse(`expires was ${now - expires} s ago`);
}

function checkNonce({ parameters }: UntrustedSignatureCandidate): void {
  const { nonce } = parameters;
  if (nonce !== undefined && (nonce.length === 0 || nonce.length > LIMITS.NONCE_CHARS)) {
    throw new MeshError(
      "signature_malformed",
      `nonce has ${nonce.length} characters; it must have 1 to ${LIMITS.NONCE_CHARS}`,
    );
  }
}

function explain(error: unknown): unknown {
  if (!isSignatureError(error)) return error;
  switch (error.code) {
    // What `findKey` and the checks below throw comes wrapped.
    case SignatureErrorCode.ResolverFailed:
      return error.cause;
    case SignatureErrorCode.VerificationFailed:
      return new MeshError("signature_invalid", undefined, { cause: error });
    case SignatureErrorCode.AlgorithmMismatch:
    case SignatureErrorCode.PolicyViolation:
      return new MeshError("signature_invalid", "alg is not the algorithm of the key", {
        cause: error,
      });
    default:
      return new MeshError("signature_malformed", error.message, { cause: error });
  }
}

/**
 * Verifies the one signature of a request. Everything that can be told without the key is told before `findKey` runs.
 *
 * @param nowMs - Milliseconds since 1970.
 * @throws MeshError `signature_missing`, `_malformed`, `_incomplete`, `_expired`, `_invalid`, or what `findKey` throws.
 */
export async function verifyRequest<V extends Verifier>(
  request: Request,
  findKey: FindKey<V>,
  nowMs: number,
): Promise<Verified<V>> {
  const signature = request.headers.get("signature");
  const input = request.headers.get("signature-input");
  if (signature === null || input === null) {
    const missing = signature === null ? "Signature" : "Signature-Input";
    throw new MeshError("signature_missing", `${missing} is missing`);
  }
  const now = Math.floor(nowMs / 1_000);
  const required = requiredComponents(request);
  try {
    const verified = await verifySignature(describe(request, signature, input), {
      policy: {
        algorithms: ["ed25519", "hmac-sha256"],
        // Coverage and times are checked below: the library has one error for both, and names one fault at a time.
        requiredComponents: [],
        requiredParameters: [],
        clockSkew: Number.MAX_SAFE_INTEGER,
        now,
      },
      resolveVerifier(candidate) {
        checkCoverage(candidate, required);
        checkTimes(candidate, now);
        checkNonce(candidate);
        return findKey(candidate.parameters.keyid ?? "");
      },
    });
    const { verifier, signature: bytes, parameters } = verified;
    return { verifier, nonce: parameters.nonce, signature: bytes };
  } catch (error) {
    throw explain(error);
  }
}
