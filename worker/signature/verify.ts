/** Verifies signed requests: RFC 9421 with the rules of docs/api.md. */
import { type TimeRules, timeFault } from "../../core/identity/signed-times.ts";
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import { type Claimed, readSignature } from "./base.ts";
import type { VerifySignature } from "./crypto.ts";

/** A key that verifies signatures. */
export interface Verifier {
  /** Its name in the IANA registry of RFC 9421 §6.2.2. */
  readonly algorithm: string;
  readonly verify: VerifySignature;
}

/** A verified signature. */
export interface Verified<V extends Verifier> {
  readonly verifier: V;
  readonly nonce: string | undefined;
  readonly signature: Uint8Array;
}

/** Finds the verifier of a key ID, or throws the MeshError that refuses it. */
type FindKey<V extends Verifier> = (keyId: string) => Promise<V>;

const HAVE_BODY: ReadonlySet<string> = new Set(["PATCH", "POST", "PUT"]);

/** The components that the signature of a request must cover. */
function requiredComponents(request: Request): string[] {
  const required = ["@method", "@path"];
  if (HAVE_BODY.has(request.method)) required.push("content-digest");
  if (request.headers.has("idempotency-key")) required.push("idempotency-key");
  if (request.url.includes("?")) required.push("@query");
  return required;
}

/** @throws MeshError `signature_incomplete` naming everything missing */
function checkCoverage(request: Request, { components, created, keyid }: Claimed): void {
  const missing = requiredComponents(request)
    .filter((name) => !components.includes(name))
    .map((name) => `component "${name}"`);
  if (created === undefined) missing.push("parameter created");
  if (keyid === undefined) missing.push("parameter keyid");
  if (missing.length > 0) {
    throw new MeshError("signature_incomplete", `the signature lacks ${missing.join(", ")}`);
  }
}

const TIME_RULES: TimeRules = {
  ...{ issued: "created", expires: "expires" },
  maxAgeSeconds: LIMITS.SIGNATURE_MAX_AGE_SECONDS,
};

/** @param now seconds since 1970. @throws MeshError `signature_expired` naming the mesh's clock */
function checkTimes({ created = 0, expires }: Claimed, now: number): void {
  const fault = timeFault({ issued: created, expires }, TIME_RULES, now);
  if (fault === undefined) return;
  throw new MeshError("signature_expired", `${fault.detail}; the mesh's clock says ${now}`);
}

/** @throws MeshError `signature_malformed` */
function checkNonce({ nonce }: Claimed): void {
  if (nonce !== undefined && (nonce.length === 0 || nonce.length > LIMITS.NONCE_CHARS)) {
    const detail = `nonce has ${nonce.length} characters; it must have 1 to ${LIMITS.NONCE_CHARS}`;
    throw new MeshError("signature_malformed", detail);
  }
}

/**
 * Verifies the signature of a request. Checks everything that does not need the key before calling `findKey`.
 *
 * @param nowMs milliseconds since 1970
 * @throws MeshError `signature_missing`, `_malformed`, `_incomplete`, `_expired`, `_invalid`, or what `findKey` throws
 */
export async function verifyRequest<V extends Verifier>(
  request: Request,
  findKey: FindKey<V>,
  nowMs: number,
): Promise<Verified<V>> {
  const claimed = readSignature(request);
  checkCoverage(request, claimed);
  checkTimes(claimed, Math.floor(nowMs / 1_000));
  checkNonce(claimed);
  const { keyid = "", alg, signature, base, nonce } = claimed;
  const verifier = await findKey(keyid);
  // The key decides the algorithm; a claim can only disagree (RFC 9421 §3.2, step 6).
  if (alg !== undefined && alg !== verifier.algorithm) {
    throw new MeshError(
      "signature_invalid",
      `alg is not ${verifier.algorithm}, the algorithm of the key`,
    );
  }
  if (!(await verifier.verify(base, signature))) throw new MeshError("signature_invalid");
  return { verifier, nonce, signature };
}
