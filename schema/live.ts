/** What an app's live key signs of a broadcast, for the mesh that signs and the listener that verifies. */
import { toBase64Url } from "./text.ts";

export interface SignedBroadcast {
  readonly appId: string;
  /** The first of the tags that it was sent to. */
  readonly tag: string;
  /** The 9 bytes in its message ID. */
  readonly key: Uint8Array;
  /** 1 JSON, 2 text, 3 bytes. */
  readonly contentType: 1 | 2 | 3;
  /** As sent: UTF-8 of JSON or text, or the bytes. */
  readonly data: Uint8Array;
}

const utf8 = new TextEncoder();

/** Five lines and the data. The tag is in base64url, for it may hold a line feed. */
export function liveSignedBytes({
  appId,
  tag,
  key,
  contentType,
  data,
}: SignedBroadcast): Uint8Array {
  const lines = `pushmesh-live-v1\n${appId}\n${toBase64Url(utf8.encode(tag))}\n${toBase64Url(key)}\n${contentType}\n`;
  const head = utf8.encode(lines);
  const bytes = new Uint8Array(head.length + data.length);
  bytes.set(head);
  bytes.set(data, head.length);
  return bytes;
}
