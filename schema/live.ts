/** The bytes that an app's live key signs for a broadcast: the mesh signs them, the listener verifies them. */

interface SignedBroadcast {
  readonly appId: string;
  /** The first tag that it was sent to. */
  readonly tag: string;
  /** The 9 bytes in its message ID. */
  readonly key: Uint8Array;
  /** 1 JSON, 2 text, 3 bytes. */
  readonly contentType: 1 | 2 | 3;
  /** As sent: UTF-8 of JSON or text, or the bytes. */
  readonly data: Uint8Array;
}

/** The signed parts of a broadcast at its place in the log of the tag that is listened to. */
export interface SignedPlace {
  readonly appId: string;
  /** The tag that is listened to. */
  readonly listened: string;
  readonly cursor: number;
  /** The ID of the message. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly sentAt: number;
  /** Null for ttl 0. */
  readonly expiresAt: number | null;
  readonly collapseKey: string | null;
  /** The first tag that it was sent to. */
  readonly tag: string;
  /** 1 JSON, 2 text, 3 bytes. */
  readonly contentType: 1 | 2 | 3;
  readonly data: Uint8Array;
}

const utf8 = new TextEncoder();
/** base64url without padding. The host's own, and not that of text.ts: a live page loads this. */
const base64Url = (bytes: Uint8Array) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
const textOf = (text: string) => base64Url(utf8.encode(text));

/** Ten lines and the data; a null value is an empty line. */
export function livePlaceBytes(place: SignedPlace): Uint8Array<ArrayBuffer> {
  const { appId, listened, cursor, id, sentAt, expiresAt, collapseKey, tag, contentType } = place;
  const lines = [
    ...["pushmesh-live-v2", appId, textOf(listened), cursor, id, sentAt, expiresAt ?? ""],
    ...[textOf(collapseKey ?? ""), textOf(tag), contentType],
  ];
  return joined(`${lines.join("\n")}\n`, place.data);
}

/** Five lines and the data. The tag is in base64url because it may contain a line feed. */
export function liveSignedBytes({
  appId,
  tag,
  key,
  contentType,
  data,
}: SignedBroadcast): Uint8Array<ArrayBuffer> {
  const lines = ["pushmesh-live-v1", appId, textOf(tag), base64Url(key), contentType];
  return joined(`${lines.join("\n")}\n`, data);
}

function joined(lines: string, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = utf8.encode(lines);
  const bytes = new Uint8Array(head.length + data.length);
  bytes.set(head);
  bytes.set(data, head.length);
  return bytes;
}
