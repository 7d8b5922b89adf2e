/**
 * HTTP/1.1 over one kept connection, one request at a time: as little as the two servers of a benchmark need.
 * Node's own clients take several times the processor time, on cores that the measured server shares.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** Where a server listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

export type Method = "GET" | "POST" | "PUT";

/** Text of a request, headers and body. */
export function formatRequest(
  method: Method,
  path: string,
  headers: Readonly<Record<string, string>>,
  body = "",
): string {
  let text = `${method} ${path} HTTP/1.1\r\nhost: bench\r\n`;
  for (const name in headers) text += `${name}: ${headers[name]}\r\n`;
  if (method !== "GET") text += `content-length: ${Buffer.byteLength(body)}\r\n`;
  return `${text}\r\n${body}`;
}

const NO_CONTENT = 204;
const HEAD_END = "\r\n\r\n";

export class HttpConnection {
  readonly #socket: Socket;
  #received = "";
  #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    // Answers are ASCII here: a character is a byte.
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => this.#receive(text));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Error("the server closed the connection")));
  }

  static async open({ host, port }: Address): Promise<HttpConnection> {
    const socket = connect({ host, port, noDelay: true });
    await once(socket, "connect");
    return new HttpConnection(socket);
  }

  /** @throws Error where the connection is lost, or the answer has another form than those of these servers. */
  request(text: string): Promise<Answer> {
    // Node tells of a write to a closed socket by no event at all.
    if (this.#socket.destroyed) return Promise.reject(new Error("the connection is closed"));
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(text);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(text: string): void {
    this.#received += text;
    const headEnd = this.#received.indexOf(HEAD_END);
    if (headEnd < 0) return;
    const head = this.#received.slice(0, headEnd);
    const status = Number(head.slice(9, 12));
    const length = status === NO_CONTENT ? "0" : /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length === undefined) {
      this.#fail(new Error(`an answer without content-length: ${head}`));
      return;
    }
    const bodyAt = headEnd + HEAD_END.length;
    const end = bodyAt + Number(length);
    if (this.#received.length < end) return;
    const answer = { status, body: this.#received.slice(bodyAt, end) };
    this.#received = "";
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.resolve(answer);
  }

  #fail(error: Error): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.reject(error);
  }
}
