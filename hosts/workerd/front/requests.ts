/**
 * A request as workerd gets it. Mostly the bytes that came: they are read strictly, so that workerd cannot read them otherwise.
 * What has more than one form is written anew in the plainest.
 */
import { Buffer } from "node:buffer";
import { joined } from "../../machine/net/frames.ts";
import type { RequestHead } from "../../machine/net/http/head.ts";

const SLASH = 47;
/**
 * Said anew, or not for workerd: `Expect` is answered by the front, so that workerd waits for no body; and a compressed message has
 * no bound before it is read whole.
 */
const KEPT_BACK = new Set([
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

/**
 * @param bytes the head as it came
 * @param body whole, without framing
 * @param authority for HTTP/1.0 without Host, which workerd does not take
 */
export function requestBytes(
  head: RequestHead,
  bytes: Uint8Array,
  body: Uint8Array,
  authority: string,
): Uint8Array {
  const top = isPlain(head, bytes) ? bytes : rewritten(head, body.length, authority);
  return body.length === 0 ? top : joined([top, body]);
}

/** A path as target, HTTP/1.1, a length, and nothing that is kept back. */
function isPlain(
  { method, isCurrent, length, expectsContinue, fields }: RequestHead,
  bytes: Uint8Array,
): boolean {
  return (
    isCurrent &&
    length !== null &&
    !expectsContinue &&
    bytes[method.length + 1] === SLASH &&
    !fields.has("sec-websocket-extensions")
  );
}

function rewritten(head: RequestHead, length: number, authority: string): Buffer {
  const { method, target, fields, host, isUpgrade, keepsAlive } = head;
  let text = `${method} ${target} HTTP/1.1\r\nhost: ${host || authority}\r\n`;
  for (const [name, value] of fields) if (!KEPT_BACK.has(name)) text += `${name}: ${value}\r\n`;
  if (isUpgrade) text += "connection: Upgrade\r\nupgrade: websocket\r\n";
  else if (!keepsAlive) text += "connection: close\r\n";
  if (head.length === null || fields.has("content-length")) text += `content-length: ${length}\r\n`;
  return Buffer.from(`${text}\r\n`, "latin1");
}
