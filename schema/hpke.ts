/**
 * What both ends of the key agreement between an app and the mesh have in common: HPKE (RFC 9180) in base mode, with
 * DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM. It is part of the device SDK, so it is small.
 */

/** Text as UTF-8, and bytes as they are. */
export type Piece = string | Uint8Array;

const utf8 = /* @__PURE__ */ new TextEncoder();

export function concat(...parts: readonly Piece[]): Uint8Array<ArrayBuffer> {
  const all = parts.map((part) => (typeof part === "string" ? utf8.encode(part) : part));
  const bytes = new Uint8Array(all.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of all) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** `suite_id` of the KEM, and of the whole (§4.1 and §5.1). All of their bytes are ASCII. */
export const KEM_SUITE = "KEM\0\x20";
export const HPKE_SUITE = "HPKE\0\x20\0\x01\0\x02";

/** The input of LabeledExtract (§4). */
export const labeledIkm = (suite: string, label: string, ikm: Piece): Uint8Array<ArrayBuffer> =>
  concat("HPKE-v1", suite, label, ikm);

/** The info of LabeledExpand (§4). @param bytes of what is expanded */
export const labeledInfo = (
  suite: string,
  label: string,
  info: Piece,
  bytes: number,
): Uint8Array<ArrayBuffer> =>
  concat(Uint8Array.of(bytes >> 8, bytes), "HPKE-v1", suite, label, info);

/** `info` of the context in which an app and the mesh agree on a key. */
export const linkInfo = (appId: string): string => `pushmesh layer 2\0${appId}`;

/** `exporter_context` of an epoch's secret, of 32 bytes. */
export const EPOCH_CONTEXT = "pushmesh epoch";

/** Bytes of an encapsulated key, of an epoch's secret, and of the keys derived from it. */
export const LINK_KEY_BYTES = 32;
