/**
 * Formats a request for workerd. Most are passed on as received: they were parsed strictly, so workerd cannot read them differently.
 * Anything with more than one form is rewritten in the plainest one.
 */
import { Buffer } from "node:buffer";
import { joined } from "../../machine/net/frames.ts";
import type { RequestHead } from "../../machine/net/http/head.ts";
import { CLIENT_HEADER, ENCRYPTED_HEADER, mayBeRecorded } from "../../machine/net/http/recorded.ts";

const SLASH = 47;
/**
 * Fields that are rewritten or dropped. `Expect` is answered by the front, and a compressed WebSocket message could not be bounded
 * before all of it is decompressed.
 */
const DROPPED = new Set([
  CLIENT_HEADER,
  ENCRYPTED_HEADER,
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-connection",
  "sec-websocket-extensions",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

interface FrontClient {
  readonly address: string;
  readonly isEncrypted: boolean | null;
}

/**
 * @param client goes along if the request may be recorded
 * @param bytes the head as received
 * @param body without chunk framing
 * @param authority for HTTP/1.0 without Host, which workerd does not accept
 */
export function requestBytes(
  head: RequestHead,
  bytes: Uint8Array,
  body: Uint8Array,
  { authority, client }: { readonly authority: string; readonly client: FrontClient },
): Uint8Array {
  const named = mayBeRecorded(head) ? client : null;
  const isSame = named === null && isPlain(head, bytes);
  const top = isSame ? bytes : rewritten(head, body.length, authority, named);
  return body.length === 0 ? top : joined([top, body]);
}

/** Whether the head can be passed on as received: HTTP/1.1, a path as target, a length, and no dropped field that matters. */
function isPlain(
  { method, isCurrent, length, expectsContinue, fields }: RequestHead,
  bytes: Uint8Array,
): boolean {
  return (
    isCurrent &&
    length !== null &&
    !expectsContinue &&
    bytes[method.length + 1] === SLASH &&
    !fields.has("sec-websocket-extensions") &&
    !fields.has(CLIENT_HEADER) &&
    !fields.has(ENCRYPTED_HEADER)
  );
}

function rewritten(
  head: RequestHead,
  length: number,
  authority: string,
  client: FrontClient | null,
): Buffer {
  const { method, target, fields, host, isUpgrade, keepsAlive } = head;
  let text = `${method} ${target} HTTP/1.1\r\nhost: ${host || authority}\r\n`;
  for (const [name, value] of fields) if (!DROPPED.has(name)) text += `${name}: ${value}\r\n`;
  if (client !== null) text += `${CLIENT_HEADER}: ${client.address}\r\n`;
  if (client !== null && client.isEncrypted !== null)
    text += `${ENCRYPTED_HEADER}: ${client.isEncrypted}\r\n`;
  if (isUpgrade) text += "connection: Upgrade\r\nupgrade: websocket\r\n";
  else if (!keepsAlive) text += "connection: close\r\n";
  if (head.length === null || fields.has("content-length")) text += `content-length: ${length}\r\n`;
  return Buffer.from(`${text}\r\n`, "latin1");
}
