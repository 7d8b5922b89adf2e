/** The signature base of RFC 9421 §2.5: the text that is signed. */
import { MeshError } from "../../schema/errors.ts";
import { malformed, readFields, type SignatureFields } from "./headers.ts";

/** The contents of the signature headers, not verified yet. */
export interface Claimed {
  /** Names of the covered components, all distinct. */
  readonly components: readonly string[];
  /** Seconds since 1970. */
  readonly created: number | undefined;
  /** Seconds since 1970. */
  readonly expires: number | undefined;
  readonly keyid: string | undefined;
  readonly nonce: string | undefined;
  readonly alg: string | undefined;
  readonly signature: Uint8Array;
  readonly base: Uint8Array;
}

const utf8 = new TextEncoder();
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/** The value of a component: a header field, or a derived component of RFC 9421 §2.2 that this API supports. */
function componentValue(name: string, request: Request): string {
  const { url } = request;
  const pathAt = url.indexOf("/", url.indexOf("://") + 3);
  const queryAt = url.indexOf("?");
  switch (name) {
    case "@method":
      return request.method;
    case "@path":
      return queryAt < 0 ? url.slice(pathAt) : url.slice(pathAt, queryAt);
    case "@query":
      return queryAt < 0 ? "?" : url.slice(queryAt);
    case "@target-uri":
      return url;
    case "@authority":
      return new URL(url).host;
    case "@scheme":
      return new URL(url).protocol.slice(0, -1);
  }
  if (!FIELD_NAME.test(name)) throw malformed(`no component is called ${name.slice(0, 64)}`);
  const value = request.headers.get(name);
  if (value === null) throw malformed(`the signature covers ${name}, which the request has not`);
  return value;
}

function requireDistinct(names: readonly string[]): void {
  names.forEach((name, index) => {
    if (names.indexOf(name) !== index) throw malformed(`component "${name}" is covered twice`);
  });
}

function readParameters({
  parameters,
}: SignatureFields): Omit<Claimed, "components" | "signature" | "base"> {
  const seconds = (name: string): number | undefined => {
    const value = parameters.get(name);
    if (value === undefined || (typeof value === "number" && Number.isInteger(value))) return value;
    throw malformed(`${name} must be an integer`);
  };
  const text = (name: string): string | undefined => {
    const value = parameters.get(name);
    if (value === undefined || typeof value === "string") return value;
    throw malformed(`${name} must be a string`);
  };
  return {
    created: seconds("created"),
    expires: seconds("expires"),
    keyid: text("keyid"),
    nonce: text("nonce"),
    alg: text("alg"),
  };
}

/**
 * Reads the signature of a request and builds the signature base.
 *
 * Not http-message-sig, because every send verifies a signature: that library takes 75 µs, of which the cryptography is 5, and this takes
 * 26 (docs/decisions/0004-own-signature-verifier.md). The SDK signs with the library, and tests compare both with each other and with
 * independent vectors.
 *
 * @throws MeshError `signature_missing` or `signature_malformed`
 */
export function readSignature(request: Request): Claimed {
  const signatureText = request.headers.get("signature");
  const inputText = request.headers.get("signature-input");
  if (signatureText === null || inputText === null) {
    const missing = signatureText === null ? "Signature" : "Signature-Input";
    throw new MeshError("signature_missing", `${missing} is missing`);
  }
  const fields = readFields(signatureText, inputText);
  const { signature, names: components, written } = fields;
  requireDistinct(components);
  const parameters = readParameters(fields);
  let base = "";
  for (const name of components) base += `"${name}": ${componentValue(name, request)}\n`;
  base += `"@signature-params": ${written}`;
  return { components, ...parameters, signature, base: utf8.encode(base) };
}
