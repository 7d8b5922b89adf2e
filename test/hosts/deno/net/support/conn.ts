/** A connection of hosts/deno without a network: what the client sends is pushed, what the server writes is kept. */
import { answerJson } from "../../../../../hosts/deno/net/answer.ts";
import { HttpConnection } from "../../../../../hosts/deno/net/http.ts";
import { Pipeline } from "../../../../../hosts/deno/net/pipeline.ts";
import { type Conn, Transport } from "../../../../../hosts/deno/net/transport.ts";
import { Admission } from "../../../../../hosts/machine/net/admission/admission.ts";
import type { NamedClient } from "../../../../../hosts/machine/net/admission/client.ts";
import { FailedAuth } from "../../../../../hosts/machine/net/admission/failed-auth.ts";
import { RequestBudgets } from "../../../../../hosts/machine/net/admission/request-budgets.ts";
import { Unread } from "../../../../../hosts/machine/net/admission/unread.ts";
import { KEYRING } from "../../../support/keyring.ts";
import type { ClientEnd, Seen, Served } from "../../../support/served.ts";

export class FakeConn implements Conn, ClientEnd {
  #pushed: Uint8Array[] = [];
  #wake: (() => void) | null = null;
  #isEnded = false;
  readonly #written: Buffer[] = [];
  #unblock: (() => void) | null = null;
  #whenRead: Promise<void> = Promise.resolve();
  isClosed = false;
  isWriteClosed = false;

  /** All that the server has written, one character a byte. */
  get written(): string {
    return Buffer.concat(this.#written).toString("latin1");
  }

  push(bytes: Uint8Array | string): void {
    this.#pushed.push(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
    this.#wake?.();
  }

  /** The client sends no more. */
  end(): void {
    this.#isEnded = true;
    this.#wake?.();
  }

  async read(into: Uint8Array): Promise<number | null> {
    while (this.#pushed.length === 0 && !this.#isEnded && !this.isClosed) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    if (this.isClosed) throw new Error("closed");
    const [first] = this.#pushed;
    if (first === undefined) return null;
    const taken = first.subarray(0, into.length);
    into.set(taken);
    if (taken.length < first.length) this.#pushed[0] = first.subarray(taken.length);
    else this.#pushed.shift();
    return taken.length;
  }

  /** The client reads no more. */
  stopReading(): void {
    this.#whenRead = new Promise((resolve) => (this.#unblock = resolve));
  }

  readOn(): void {
    this.#unblock?.();
  }

  async write(bytes: Uint8Array): Promise<number> {
    await this.#whenRead;
    if (this.isClosed) throw new Error("closed");
    this.#written.push(Buffer.from(bytes));
    return bytes.length;
  }

  close(): void {
    this.isClosed = true;
    this.#wake?.();
    this.#unblock?.();
  }

  async closeWrite(): Promise<void> {
    this.isWriteClosed = true;
  }
}

/** One of this loop's own: a thread of the pool takes as long as the machine is busy. */
export const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Requests of this path are answered 401. */
export const REFUSED_PATH = "/refused";
/** And those of this one with a file in so many slices. */
export const FILE_PATH = "/file";
export const FILE_SLICES = 5;
export const SLICE_BYTES = 1_000;

function file(): Response {
  let left = FILE_SLICES;
  const slices = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left-- > 0) controller.enqueue(new Uint8Array(SLICE_BYTES));
      else controller.close();
    },
  });
  return new Response(slices, { headers: { "content-length": `${FILE_SLICES * SLICE_BYTES}` } });
}

export interface DenoServed extends Served {
  readonly conn: FakeConn;
  readonly http: HttpConnection;
  readonly transport: Transport;
  /** Begins the turn of the request that waits for its slice; undefined if none does. */
  nextSlice(): (() => void) | undefined;
  /** As what each waited: its kind and who. */
  readonly work: readonly string[];
}

/**
 * Serves a connection by HTTP. Each request is answered with its place among them, from 1.
 *
 * @param unread what this and other connections hold of requests that have not come whole
 * @param pipeline where requests of this and other connections wait
 * @param clientOf of a proxy's connection
 */
export function serveHttp(
  unread = new Unread(),
  pipeline = new Pipeline(turn),
  clientOf: NamedClient = null,
): DenoServed {
  let now = 0;
  const slices: (() => void)[] = [];
  const work: string[] = [];
  const admission = new Admission({ capacity: 100, now: () => now });
  const conn = new FakeConn();
  const seen: Seen[] = [];
  const refused: string[] = [];
  const entry = admission.admit("192.0.2.1", () => conn.close());
  if (entry === null) throw new Error("no room");
  const transport = new Transport(conn, { data() {}, ended() {} }, () => admission.remove(entry));
  const http = new HttpConnection(
    transport,
    {
      scheme: "http",
      authority: "mesh",
      now: () => now,
      unread,
      pipeline,
      budgets: new RequestBudgets({ keyring: KEYRING, isRegistered: () => false, now: () => now }),
      failedAuth: new FailedAuth({ keyring: KEYRING, isRegistered: () => false, now: () => now }),
      refused: (code) => refused.push(code),
      enterSlice(kind, who) {
        work.push(`${kind} ${who}`);
        return new Promise((resolve) => slices.push(resolve));
      },
      async handle(request) {
        const body = Buffer.from(await request.arrayBuffer()).toString("latin1");
        seen.push({ method: request.method, url: new URL(request.url).href, body });
        if (request.url.endsWith(FILE_PATH)) return file();
        const status = request.url.endsWith(REFUSED_PATH) ? 401 : 200;
        return answerJson(seen.length, { status, headers: {} });
      },
    },
    entry,
    clientOf,
  );
  transport.handler = http;
  const wait = (ms: number) => {
    now += ms;
    admission.sweep();
  };
  void transport.run();
  entry.expireIn(10_000, () => http.expire());
  const reads = (reads: boolean) => (reads ? conn.readOn() : conn.stopReading());
  const nextSlice = () => slices.shift();
  return { conn, admission, entry, http, transport, seen, refused, wait, reads, nextSlice, work };
}
