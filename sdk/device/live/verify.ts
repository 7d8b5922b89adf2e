/** Verifies that a live broadcast was signed by the app (docs/api.md, Live listeners). */
import type { LiveMessageBody } from "../../../schema/http.ts";
import { livePlaceBytes, liveSignedBytes } from "../../../schema/live.ts";
import { fromBase64, fromBase64Url, parseMessageId } from "../../../schema/text.ts";

/** The expected signer. */
export interface LiveSigner {
  readonly appId: string;
  /** The app's live key, 32 bytes in base64url, from `GET /v1/apps/{appId}/live-key`. Ship it with the page. */
  readonly publicKey: string;
  /**
   * The tag that you listen to. The message must then be signed for its place there, with its cursor, times and collapse key.
   * Without it, only what its sender gave is verified: its tag, its data and the key of its ID.
   */
  readonly tag?: string;
}

const utf8 = new TextEncoder();
const unshared = (bytes: Uint8Array) => bytes as Uint8Array<ArrayBuffer>;

function contentOf({ data, dataBase64 }: LiveMessageBody): {
  contentType: 1 | 2 | 3;
  data: Uint8Array;
} {
  if (dataBase64 !== undefined) {
    return { contentType: 3, data: fromBase64(dataBase64) ?? new Uint8Array() };
  }
  if (typeof data === "string") return { contentType: 2, data: utf8.encode(data) };
  // The mesh sends JSON as JSON.stringify writes it.
  return { contentType: 1, data: utf8.encode(JSON.stringify(data)) };
}

/**
 * Verifies a message. A message without a valid signature is not from the app.
 *
 * @throws DOMException if the public key is malformed, or Web Crypto of the host does not support Ed25519.
 */
export async function verifyLive(message: LiveMessageBody, signer: LiveSigner): Promise<boolean> {
  const { appId, tag: listened } = signer;
  const text = listened === undefined ? message.signature : message.placeSignature;
  const signature = fromBase64Url(text ?? "");
  const parts = parseMessageId(message.id);
  if (signature?.length !== 64 || parts === undefined) return false;
  const raw = fromBase64Url(signer.publicKey) ?? new Uint8Array();
  const key = await crypto.subtle.importKey("raw", unshared(raw), "Ed25519", false, ["verify"]);
  const { collapseKey = null } = message;
  const content = { ...contentOf(message), appId };
  const signed =
    listened === undefined
      ? liveSignedBytes({ ...content, tag: message.tag, key: parts.key })
      : livePlaceBytes({ ...message, collapseKey, listened, ...content });
  return crypto.subtle.verify("Ed25519", key, unshared(signature), unshared(signed));
}
