/** The signature base of RFC 9421 §2.5: the text that a signature is made over. */
import {
  type InnerList,
  isInnerList,
  parseDictionary,
  serializeInnerList,
} from "structured-headers";
import { MeshError } from "../../schema/errors.ts";

/** What the headers of a signed request say. Nothing in it is proved before the signature is verified. */
export interface Claimed {
  /** Names of the covered components, no two alike. */
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

function malformed(detail: string, cause?: unknown): MeshError {
  return new MeshError("signature_malformed", detail, cause === undefined ? {} : { cause });
}

function parse(name: string, text: string): ReturnType<typeof parseDictionary> {
  try {
    return parseDictionary(text);
  } catch (error) {
    throw malformed(`${name} is no dictionary of RFC 8941`, error);
  }
}

/** The one signature and its input; both have to go by the same label. */
function readMembers(
  signatureText: string,
  inputText: string,
): { signature: Uint8Array; input: InnerList } {
  const signatures = parse("Signature", signatureText);
  const inputs = parse("Signature-Input", inputText);
  const [label] = inputs.keys();
  if (label === undefined || inputs.size !== 1 || signatures.size !== 1) {
    throw malformed("there must be exactly one signature");
  }
  const [signature] = signatures.get(label) ?? [];
  const input = inputs.get(label);
  if (!(signature instanceof ArrayBuffer)) throw malformed(`Signature has no bytes for ${label}`);
  if (input === undefined || !isInnerList(input)) {
    throw malformed("Signature-Input must hold a list of components");
  }
  return { signature: new Uint8Array(signature), input };
}

/** The value of a component; derived ones are those of RFC 9421 §2.2 that a request of this API can have. */
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

function readComponents(input: InnerList): string[] {
  const names: string[] = [];
  for (const [name, parameters] of input[0]) {
    if (typeof name !== "string") throw malformed("the name of a component must be a string");
    // With a parameter it would be another component (a dictionary member, a trailer): nothing here needs one.
    if (parameters.size > 0) throw malformed(`component "${name}" has a parameter`);
    if (names.includes(name)) throw malformed(`component "${name}" is covered twice`);
    names.push(name);
  }
  return names;
}

function readParameters(input: InnerList): Omit<Claimed, "components" | "signature" | "base"> {
  const seconds = (name: string): number | undefined => {
    const value = input[1].get(name);
    if (value === undefined || (typeof value === "number" && Number.isInteger(value))) return value;
    throw malformed(`${name} must be an integer`);
  };
  const text = (name: string): string | undefined => {
    const value = input[1].get(name);
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
 * Reads the signature of a request and builds the text it must have been made over.
 *
 * Our own, because it is in the path of every send: http-message-sig takes 75 µs for a verification of which the
 * cryptography is 5, this takes 26 (docs/decisions/0004-own-signature-verifier.md). The SDK signs with that library,
 * and the tests hold both against each other and against vectors that neither made.
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
  const { signature, input } = readMembers(signatureText, inputText);
  const components = readComponents(input);
  const parameters = readParameters(input);
  const lines = components.map((name) => `"${name}": ${componentValue(name, request)}`);
  // Written anew from what was read, so that what is checked below is what was signed, whatever else the header held.
  lines.push(`"@signature-params": ${serializeInnerList(input)}`);
  return { components, ...parameters, signature, base: utf8.encode(lines.join("\n")) };
}
