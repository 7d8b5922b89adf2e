/** Answers whose body is already text: written without a Response. */
import type { AnswerInit } from "../../../worker/env.ts";
import { type Framing, lastLines, statusLine } from "../../machine/net/http/answer-head.ts";

const utf8 = new TextEncoder();

/** Stands for a Response at the edge; the connection writes its text as it is. */
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

/** Making a Response takes 5 µs and reading it again 3: together a twentieth of a send. */
export const answerJson = (value: unknown, init: AnswerInit): Response =>
  new JsonAnswer(value, init) as unknown as Response;

/** Head and body in one piece. */
export function answerBytes(
  { status, headers, text: body }: JsonAnswer,
  framing: Omit<Framing, "bytes">,
  isHead: boolean,
): Uint8Array<ArrayBuffer> {
  let text = `${statusLine(status)}content-type: application/json\r\n`;
  for (const name in headers) text += `${name}: ${headers[name]}\r\n`;
  const bytes = utf8Length(body);
  text += lastLines(status, { ...framing, bytes });
  return utf8.encode(isHead ? text : text + body);
}

function utf8Length(text: string): number {
  // The edge's JSON is mostly ASCII, where this is the number of characters.
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 127) return utf8.encode(text).length;
  }
  return text.length;
}
