/** Verifies that a live broadcast was signed by the app (docs/api.md, Live listeners). */
import type { LiveMessageBody } from "../../../schema/http.ts";
import { livePlaceBytes, liveSignedBytes } from "../../../schema/live.ts";

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
/** Of a message: its sequence number (7 bytes), its key (9 bytes) and two bits, in base32hex. */
const MESSAGE_ID = /^[0-9a-v]{26}\./;

/** The bytes of base64 or base64url; none if it is neither. */
function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  try {
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(binary, (char) => char.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}

/** The key in a message ID. */
function keyOf(id: string): Uint8Array {
  const bits = Array.from(id.slice(0, 26), (digit) =>
    parseInt(digit, 32).toString(2).padStart(5, "0"),
  );
  return Uint8Array.from(bits.join("").slice(56, 128).match(/.{8}/g) ?? [], (byte) =>
    parseInt(byte, 2),
  );
}

function contentOf({ data, dataBase64 }: LiveMessageBody): {
  contentType: 1 | 2 | 3;
  data: Uint8Array;
} {
  if (dataBase64 !== undefined) {
    return { contentType: 3, data: bytesOf(dataBase64) };
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
  const signature = bytesOf(text ?? "");
  if (signature.length !== 64 || !MESSAGE_ID.test(message.id)) return false;
  const raw = bytesOf(signer.publicKey);
  const key = await crypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]);
  const { collapseKey = null } = message;
  const content = { ...contentOf(message), appId };
  const signed =
    listened === undefined
      ? liveSignedBytes({ ...content, tag: message.tag, key: keyOf(message.id) })
      : livePlaceBytes({ ...message, collapseKey, listened, ...content });
  return crypto.subtle.verify("Ed25519", key, signature, signed);
}
