/** Writes the head of an HTTP/1.1 answer. */

const REASONS: Readonly<Record<number, string>> = { 200: "OK", 201: "Created", 202: "Accepted" };

const utf8 = new TextEncoder();

let dateAt = 0;
let date = "";
/** Formatted once a second. */
function dateNow(): string {
  const now = Date.now();
  if (now - dateAt >= 1_000 || now < dateAt) {
    dateAt = now;
    date = new Date(now).toUTCString();
  }
  return date;
}

/** How the answer ends, and what becomes of its connection. */
export interface Framing {
  /** The request was HTTP/1.1, not 1.0. */
  readonly isCurrent: boolean;
  readonly keepsAlive: boolean;
  /** Bytes of the body; null for a stream. */
  readonly bytes: number | null;
}

export const statusLine = (status: number): string =>
  `HTTP/1.1 ${status} ${REASONS[status] ?? ""}\r\n`;

/** The lines that end every head, including the empty one. */
export function lastLines(status: number, { isCurrent, keepsAlive, bytes }: Framing): string {
  let text = `date: ${dateNow()}\r\n`;
  if (!keepsAlive) text += "connection: close\r\n";
  else if (!isCurrent) text += "connection: keep-alive\r\n";
  if (bytes === null) {
    if (isCurrent) text += "transfer-encoding: chunked\r\n";
  } else if (status !== 204 && status !== 304) text += `content-length: ${bytes}\r\n`;
  return `${text}\r\n`;
}

/** The head of a Response. */
export function headOf({ status, headers }: Response, framing: Framing): Uint8Array<ArrayBuffer> {
  let text = statusLine(status);
  // Iterating would sort the headers first, which takes as long as everything else here.
  headers.forEach((value, name) => {
    if (name !== "content-length") text += `${name}: ${value}\r\n`;
  });
  return utf8.encode(text + lastLines(status, framing));
}
