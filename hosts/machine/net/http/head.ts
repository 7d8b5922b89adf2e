/** Parses the head of an HTTP/1.1 request strictly (RFC 9112): whatever two parsers could read differently is refused. */
import { Buffer } from "node:buffer";
import { HOST } from "../../../../schema/host-header.ts";

export interface RequestHead {
  readonly method: string;
  /** In origin form: a path with its query. */
  readonly target: string;
  /** Whether it is HTTP/1.1, not 1.0. */
  readonly isCurrent: boolean;
  /** Empty for HTTP/1.0 without Host. */
  readonly host: string;
  /** By names in lower case; values of repeated fields are joined. */
  readonly fields: ReadonlyMap<string, string>;
  /** Length of the body in bytes; null if it is chunked. */
  readonly length: number | null;
  readonly keepsAlive: boolean;
  readonly expectsContinue: boolean;
  /** Whether it asks for a WebSocket. */
  readonly isUpgrade: boolean;
}

/** The target is ASCII (RFC 3986 §2): two parsers could read anything else differently. */
const LINE = /^([!#$%&'*+.^_`|~\w-]+) ([\x21-\x7e]+) HTTP\/1\.([01])$/;
const NAME = /^[!#$%&'*+.^_`|~\w-]+$/;
const LENGTH = /^\d{1,15}$/;
const END_BYTES = 4;
const CR = 13;
const LF = 10;
const SPACE = 32;
const TAB = 9;

/** The position after the empty line that ends the head; -1 if it has not arrived. */
export function headEnd(bytes: Uint8Array, from: number): number {
  // Searches line by line, which takes 1 µs: `Buffer.indexOf` with the four bytes takes 11.
  for (let at = Math.max(0, from - END_BYTES); ; at++) {
    at = bytes.indexOf(LF, at);
    if (at < 0) return -1;
    if (bytes[at + 1] === CR && bytes[at + 2] === LF && bytes[at - 1] === CR) return at + 3;
  }
}

/** Tab, visible ASCII and bytes above. A table: it takes 0.2 µs for the head of a send, a regular expression 1.2. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte === 9 || (byte >= 32 && byte !== 127) ? 1 : 0,
);

/** Whether there are only plain bytes and complete line ends. */
function isClean(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    if (PLAIN[byte] === 1) continue;
    if (byte === CR ? bytes[i + 1] !== LF : byte !== LF || bytes[i - 1] !== CR) return false;
  }
  return true;
}

const COMMON_NAMES = [
  "Accept",
  "Accept-Encoding",
  "Accept-Language",
  "Authorization",
  "Connection",
  "Content-Digest",
  "Content-Length",
  "Content-Type",
  "Host",
  "Idempotency-Key",
  "Prefer",
  "Signature",
  "Signature-Input",
  "User-Agent",
];
/** The usual spellings, with their lower case. */
const NAMES = new Map(
  COMMON_NAMES.flatMap((name) =>
    [name, name.toLowerCase()].map((each) => [each, name.toLowerCase()]),
  ),
);

/** In lower case; null if it is no field name. */
function nameOf(written: string): string | null {
  return NAMES.get(written) ?? (NAME.test(written) ? written.toLowerCase() : null);
}

/** Whether this is one header line, with its line end. */
export function isFieldLine(line: Uint8Array): boolean {
  if (!isClean(line)) return false;
  const text = Buffer.from(line).toString("latin1");
  return nameOf(text.slice(0, Math.max(0, text.indexOf(":")))) !== null;
}

const isBlank = (code: number): boolean => code === SPACE || code === TAB;

/** Trims spaces and tabs (RFC 9110 §5.6.3), but not the other characters that `trim` removes: to other parsers they are part of the value. */
export function trimmed(text: string, from = 0): string {
  let start = from;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

/** Whether a list (RFC 9110 §5.6.1) contains a token. */
const holds = (list: string | undefined, token: string): boolean =>
  list?.split(",").some((each) => trimmed(each).toLowerCase() === token) === true;

/** @returns the head, or what is wrong with it */
export function readHead(bytes: Uint8Array): RequestHead | string {
  const length = bytes.length - END_BYTES;
  if (!isClean(bytes)) return "a byte that no header may hold";
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, length).toString("latin1");
  const [first = "", ...lines] = text.split("\r\n");
  const line = LINE.exec(first);
  if (line === null) return "the request line cannot be read";
  const [, method = "", rawTarget = "", minor] = line;
  const single = new Map<string, string>();
  for (const each of lines) {
    const colon = each.indexOf(":");
    const name = nameOf(each.slice(0, Math.max(0, colon)));
    if (name === null) return "a header line cannot be read";
    const value = trimmed(each, colon + 1);
    const before = single.get(name);
    if (before !== undefined && (name === "host" || name === "content-length")) {
      return `${name} is there twice`;
    }
    single.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  const isCurrent = minor === "1";
  const absolute = absoluteForm(rawTarget);
  const target = absolute?.target ?? originForm(rawTarget);
  if (target === null) return "the request target is no path";
  const named = single.get("host");
  if (named === undefined ? isCurrent : !isHost(named)) return "Host must be a host, and its port";
  const host = absolute?.host ?? named;
  if (host !== undefined && !isHost(host)) return "the request target is no path";
  const bodyLength = lengthOf(single, isCurrent);
  if (typeof bodyLength === "string") return bodyLength;
  const connection = single.get("connection");
  return {
    method,
    target,
    isCurrent,
    host: host ?? "",
    fields: single,
    length: bodyLength,
    keepsAlive: isCurrent ? !holds(connection, "close") : holds(connection, "keep-alive"),
    expectsContinue: isCurrent && single.get("expect")?.toLowerCase() === "100-continue",
    isUpgrade: holds(single.get("upgrade"), "websocket"),
  };
}

/** The last valid host: most requests name the same one. */
let goodHost = "";

function isHost(host: string): boolean {
  if (host === goodHost) return true;
  if (!HOST.test(host) || !URL.canParse(`http://${host}/`)) return false;
  goodHost = host;
  return true;
}

function originForm(target: string): string | null {
  return target.startsWith("/") && !target.includes("#") ? target : null;
}

const ABSOLUTE = /^https?:\/\/([^/?#]+)([/?][^#]*)?$/i;

/** Absolute form is accepted, too (RFC 9112 §3.2.2); its host takes precedence over Host. */
function absoluteForm(target: string): { readonly host: string; readonly target: string } | null {
  if (target.startsWith("/")) return null;
  const [, host = "", path = "/"] = ABSOLUTE.exec(target) ?? [];
  if (host === "") return null;
  return { host, target: path.startsWith("/") ? path : `/${path}` };
}

/** Two lengths, or an unknown coding, would let a request hide in a body. */
function lengthOf(
  headers: ReadonlyMap<string, string>,
  isCurrent: boolean,
): number | null | string {
  const coding = headers.get("transfer-encoding");
  const length = headers.get("content-length");
  if (coding !== undefined) {
    if (length !== undefined) return "Content-Length and Transfer-Encoding exclude each other";
    if (!isCurrent || coding.toLowerCase() !== "chunked")
      return "Transfer-Encoding must be chunked";
    return null;
  }
  if (length === undefined) return 0;
  return LENGTH.test(length) ? Number(length) : "Content-Length is no number";
}

/** What is wrong with a request for a WebSocket (RFC 6455 §4.2.1); null if it is valid. */
export function upgradeFault({ method, isCurrent, length, fields }: RequestHead): string | null {
  if (method !== "GET" || !isCurrent) return "a WebSocket is asked for by GET, in HTTP/1.1";
  // A parser that does not expect a body would read it as frames.
  if (length !== 0) return "a request for a WebSocket has no body";
  if (!holds(fields.get("connection"), "upgrade")) return "Connection must name upgrade";
  if (!/^[A-Za-z\d+/]{22}==$/.test(fields.get("sec-websocket-key") ?? "")) {
    return "Sec-WebSocket-Key must be 16 bytes in base64";
  }
  return fields.get("sec-websocket-version") === "13" ? null : "Sec-WebSocket-Version must be 13";
}
