/**
 * The headers of a signed request, which are structured fields (RFC 8941).
 *
 * Signers use one plain form in practice, which is read here by regular expressions in a fifth of the time. Any other form is parsed by
 * the library; a test checks that both give the same result.
 */
import {
  type InnerList,
  isInnerList,
  parseDictionary,
  serializeInnerList,
} from "structured-headers";
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import { fromBase64 } from "../../schema/text.ts";

/** The contents of Signature and Signature-Input. */
export interface SignatureFields {
  readonly signature: Uint8Array;
  /** Names of the covered components, in order. */
  readonly names: readonly string[];
  /** By name: an integer, a string, or a type that no parameter here may have. */
  readonly parameters: ReadonlyMap<string, unknown>;
  /** The value of `@signature-params`, serialized as RFC 9421 §2.3 requires. */
  readonly written: string;
}

/** Printable ASCII without the two characters that have to be escaped. */
const STRING = `"[\\x20\\x21\\x23-\\x5b\\x5d-\\x7e]*"`;
const KEY = "[a-z*][a-z0-9_.*-]*";
const INTEGER = "(?:0|[1-9]\\d{0,14})";
const INPUT = new RegExp(
  `^(${KEY})=(\\((${STRING}(?: ${STRING})*)\\)((?:;${KEY}=(?:${STRING}|${INTEGER}))*))$`,
);
/** All strings of a valid text: display strings, which have no escapes by a backslash, and others. */
const STRINGS = /%"[^"]*"|"(?:[^"\\]|\\.)*"/g;
const BYTES = new RegExp(`^(${KEY})=:([A-Za-z0-9+/=]*):$`);

export function malformed(detail: string, cause?: unknown): MeshError {
  return new MeshError("signature_malformed", detail, cause === undefined ? {} : { cause });
}

/** Anybody can send these headers, so their length is checked before they are parsed. */
function requireShort(name: string, text: string, bound: number): void {
  if (text.length <= bound) return;
  throw malformed(`${name} has ${text.length} bytes; at most ${bound} are taken`);
}

/**
 * Reads both headers, which must contain exactly one signature, with the same label.
 *
 * @throws MeshError `signature_malformed`
 */
export function readFields(signatureText: string, inputText: string): SignatureFields {
  requireShort("Signature", signatureText, LIMITS.SIGNATURE_BYTES);
  requireShort("Signature-Input", inputText, LIMITS.SIGNATURE_INPUT_BYTES);
  const fields = readPlain(signatureText, inputText) ?? readAny(signatureText, inputText);
  const { length } = fields.names;
  if (length > LIMITS.SIGNATURE_COMPONENTS) {
    throw malformed(
      `the signature covers ${length} components; at most ${LIMITS.SIGNATURE_COMPONENTS} are taken`,
    );
  }
  return fields;
}

/** Reads the plain form; undefined for any other, valid or not. */
export function readPlain(signatureText: string, inputText: string): SignatureFields | undefined {
  const input = INPUT.exec(inputText);
  const bytes = BYTES.exec(signatureText);
  if (input === null || bytes === null || input[1] !== bytes[1]) return undefined;
  const [, , written = "", list = "", tail = ""] = input;
  const signature = fromBase64(bytes[2] ?? "");
  const parameters = readTail(tail);
  if (signature === undefined || parameters === undefined) return undefined;
  return { signature, names: list.slice(1, -1).split('" "'), parameters, written };
}

/** Reads parameters that `INPUT` has matched; undefined if one is repeated. */
function readTail(tail: string): Map<string, string | number> | undefined {
  const parameters = new Map<string, string | number>();
  let at = 0;
  while (at < tail.length) {
    const valueAt = tail.indexOf("=", at) + 1;
    const name = tail.slice(at + 1, valueAt - 1);
    if (parameters.has(name)) return undefined;
    if (tail[valueAt] === '"') {
      at = tail.indexOf('"', valueAt + 1) + 1;
      parameters.set(name, tail.slice(valueAt + 1, at - 1));
    } else {
      const end = tail.indexOf(";", valueAt);
      at = end < 0 ? tail.length : end;
      parameters.set(name, Number(tail.slice(valueAt, at)));
    }
  }
  return parameters;
}

type Dictionary = ReturnType<typeof parseDictionary>;

function parse(name: string, text: string): Dictionary {
  let members: Dictionary;
  try {
    members = parseDictionary(text);
  } catch (error) {
    throw malformed(`${name} is no dictionary of RFC 8941`, error);
  }
  requireOnce(name, text, members);
  return members;
}

/**
 * The key that a Signature-Input names, read as a signature is verified: whoever counts a request by its key, before or after it is
 * verified, must not take another one. Empty for none, or if the text would be refused.
 */
export function keyIdOf(inputText: string): string {
  if (inputText.length > LIMITS.SIGNATURE_INPUT_BYTES) return "";
  const tail = INPUT.exec(inputText)?.[4];
  const parameters = (tail === undefined ? undefined : readTail(tail)) ?? anyParameters(inputText);
  const keyId = parameters?.get("keyid");
  return typeof keyId === "string" ? keyId : "";
}

function anyParameters(inputText: string): ReadonlyMap<string, unknown> | undefined {
  try {
    return readInput(inputText).input[1];
  } catch {
    return undefined;
  }
}

/**
 * Of what is repeated, RFC 8941 takes the last and forgets the others. Another reader, such as a proxy, may take the first. So what is
 * repeated is refused; nobody writes it in good faith. The parser cannot tell, but the separators outside of strings can.
 */
function requireOnce(name: string, text: string, members: Dictionary): void {
  const bare = text.replace(STRINGS, "");
  const count = (separator: string): number => bare.split(separator).length - 1;
  let parameters = 0;
  for (const member of members.values()) {
    parameters += member[1].size;
    if (isInnerList(member)) for (const [, own] of member[0]) parameters += own.size;
  }
  if (count(",") >= members.size) throw malformed(`${name} has a label twice`);
  if (count(";") > parameters) throw malformed(`${name} has a parameter twice`);
}

function readInput(inputText: string): { label: string; input: InnerList } {
  const inputs = parse("Signature-Input", inputText);
  const [entry, another] = inputs;
  if (entry === undefined || another !== undefined)
    throw malformed("there must be exactly one signature");
  const [label, input] = entry;
  if (!isInnerList(input)) throw malformed("Signature-Input must hold a list of components");
  return { label, input };
}

/** Reads any form. */
export function readAny(signatureText: string, inputText: string): SignatureFields {
  const signatures = parse("Signature", signatureText);
  const { label, input } = readInput(inputText);
  if (signatures.size !== 1) throw malformed("there must be exactly one signature");
  const [signature] = signatures.get(label) ?? [];
  if (!(signature instanceof ArrayBuffer)) throw malformed(`Signature has no bytes for ${label}`);
  return {
    signature: new Uint8Array(signature),
    names: readNames(input),
    parameters: input[1],
    // Serialized again, so that exactly what was parsed is verified.
    written: serializeInnerList(input),
  };
}

function readNames(input: InnerList): string[] {
  return input[0].map(([name, parameters]) => {
    if (typeof name !== "string") throw malformed("the name of a component must be a string");
    // With a parameter it is another component (a dictionary member, a trailer), which nothing here needs.
    if (parameters.size > 0) throw malformed(`component "${name}" has a parameter`);
    return name;
  });
}
