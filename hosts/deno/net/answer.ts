/** How answers are written: their head, and those whose body is known as text before anybody makes a Response of it. */
import type { AnswerInit } from "../../../worker/env.ts";

const REASONS: Readonly<Record<number, string>> = { 200: "OK", 201: "Created", 202: "Accepted" };

const utf8 = new TextEncoder();

let dateAt = 0;
let date = "";
function dateNow(): string {
  const now = Date.now();
  if (now - dateAt >= 1_000 || now < dateAt) {
    dateAt = now;
    date = new Date(now).toUTCString();
  }
  return date;
}

/** What an answer says of its connection and its body. */
export interface Framing {
  /** To HTTP/1.1, not 1.0. */
  readonly isCurrent: boolean;
  readonly keepsAlive: boolean;
  /** Bytes of the body; null for a stream. */
  readonly bytes: number | null;
}

/** The answer as the edge sees it; the connection writes the text as it is. */
export class JsonAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;

  constructor(value: unknown, { status, headers }: AnswerInit) {
    this.status = status;
    this.headers = headers;
    this.text = JSON.stringify(value);
  }
}

/**
 * The answer to a request that was read here. Making a Response takes 5 µs and reading it again 3, which is a twentieth of
 * a send.
 */
export const answerJson = (value: unknown, init: AnswerInit): Response =>
  new JsonAnswer(value, init) as unknown as Response;

/** The lines that every answer ends its head with, and the empty one. */
function lastLines(status: number, { isCurrent, keepsAlive, bytes }: Framing): string {
  let text = `date: ${dateNow()}\r\n`;
  if (!keepsAlive) text += "connection: close\r\n";
  else if (!isCurrent) text += "connection: keep-alive\r\n";
  if (bytes === null) {
    if (isCurrent) text += "transfer-encoding: chunked\r\n";
  } else if (status !== 204 && status !== 304) text += `content-length: ${bytes}\r\n`;
  return `${text}\r\n`;
}

const firstLine = (status: number): string => `HTTP/1.1 ${status} ${REASONS[status] ?? ""}\r\n`;

/** The head of a Response. */
export function headOf({ status, headers }: Response, framing: Framing): Uint8Array<ArrayBuffer> {
  let text = firstLine(status);
  // An iterator sorts them first, which takes as long as the rest of the answer.
  headers.forEach((value, name) => {
    if (name !== "content-length") text += `${name}: ${value}\r\n`;
  });
  return utf8.encode(text + lastLines(status, framing));
}

/** Head and body in one. */
export function answerBytes(
  { status, headers, text: body }: JsonAnswer,
  framing: Omit<Framing, "bytes">,
  isHead: boolean,
): Uint8Array<ArrayBuffer> {
  let text = `${firstLine(status)}content-type: application/json\r\n`;
  for (const name in headers) text += `${name}: ${headers[name]}\r\n`;
  const bytes = lengthOf(body);
  text += lastLines(status, { ...framing, bytes });
  return utf8.encode(isHead ? text : text + body);
}

/** In UTF-8. */
function lengthOf(text: string): number {
  // JSON of the edge's own is mostly ASCII, where it is the number of characters.
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 127) return utf8.encode(text).length;
  }
  return text.length;
}
