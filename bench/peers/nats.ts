/** As much of a NATS client as a benchmark needs: one subscription, one request under way. */
import type { Address } from "../client/http.ts";
import { Wire } from "./wire.ts";

const END = "\r\n";

export class NatsClient {
  #wire: Wire | undefined;
  readonly #inbox: string;
  /** Called with each message, and the subject that answers it. */
  #onMessage: (data: string, reply: string | undefined) => void = () => {};
  #ponged: (() => void) | undefined;

  private constructor(inbox: string) {
    this.#inbox = inbox;
  }

  /** @param inbox the subject it listens to */
  static async open(address: Address, inbox: string): Promise<NatsClient> {
    const client = new NatsClient(inbox);
    const wire = await Wire.open(address, (bytes) => client.#cut(bytes));
    client.#wire = wire;
    const ready = new Promise<void>((resolve) => {
      client.#ponged = resolve;
    });
    wire.write(`CONNECT {"verbose":false,"pedantic":false}${END}SUB ${inbox} 1${END}PING${END}`);
    await ready;
    return client;
  }

  /** Answers everything that comes, as a device acknowledges. */
  answerAll(): void {
    this.#onMessage = (_, reply) => {
      if (reply !== undefined) this.#wire?.write(`PUB ${reply} 0${END}${END}`);
    };
  }

  /** Calls back with everything that comes. */
  countAll(onMessage: () => void): void {
    this.#onMessage = onMessage;
  }

  /** To whoever listens to the subject; answered by the server, once it has taken it. */
  async publish(subject: string, data: string): Promise<void> {
    const ponged = new Promise<void>((resolve) => {
      this.#ponged = resolve;
    });
    this.#wire?.write(`PUB ${subject} ${Buffer.byteLength(data)}${END}${data}${END}PING${END}`);
    await ponged;
  }

  /** Resolves with what answers. */
  request(subject: string, data: string): Promise<string> {
    return new Promise((resolve) => {
      this.#onMessage = resolve;
      const length = Buffer.byteLength(data);
      this.#wire?.write(`PUB ${subject} ${this.#inbox} ${length}${END}${data}${END}`);
    });
  }

  close(): void {
    this.#wire?.close();
  }

  #cut(bytes: Buffer): number {
    const lineEnd = bytes.indexOf(END);
    if (lineEnd < 0) return 0;
    const line = bytes.toString("latin1", 0, lineEnd);
    const dataAt = lineEnd + END.length;
    if (!line.startsWith("MSG ")) {
      if (line === "PING") this.#wire?.write(`PONG${END}`);
      else if (line === "PONG") this.#ponged?.();
      else if (line.startsWith("-ERR")) throw new Error(line);
      return dataAt;
    }
    const words = line.split(" ");
    const length = Number(words.at(-1));
    const end = dataAt + length + END.length;
    if (bytes.length < end) return 0;
    const reply = words.length === 5 ? words[3] : undefined;
    this.#onMessage(bytes.toString("utf8", dataAt, dataAt + length), reply);
    return end;
  }
}
