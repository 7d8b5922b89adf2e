/**
 * Serves the requests of one HTTP/1.1 connection one at a time, by the same rules on every host: how much a client may send before its
 * turn, how long it may take to send and to read, and which standing (networks.ts) its connection has in the meantime.
 */
import { MeshError } from "../../../../schema/errors.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { problemResponse } from "../../../../worker/problem.ts";
import { appOverShare, OVER_SHARE } from "../admission/address-share.ts";
import type { Entry } from "../admission/admission.ts";
import { clientOfRequest, isEncrypted, type NamedClient, takeClient } from "../admission/client.ts";
import type { FailedAuth } from "../admission/failed-auth.ts";
import type { ConnectionStanding } from "../admission/networks.ts";
import type { RequestBudgets } from "../admission/request-budgets.ts";
import type { Unread } from "../admission/unread.ts";
import { joined } from "../frames.ts";
import { type Framing, headOf } from "./answer-head.ts";
import type { RequestHead } from "./head.ts";
import { type ReceivedRequest, RequestReader } from "./request-reader.ts";

/** While more of the answers than this is unread, no further request of the connection is served. */
export const UNSENT_BYTES = 65_536;

/** One connection, as its host sees it. */
export interface ConnectionPort {
  readonly entry: Entry;
  readonly unread: Unread;
  readonly failedAuth: FailedAuth;
  readonly budgets: RequestBudgets;
  readonly clientOf: NamedClient;
  /** Whether more than `UNSENT_BYTES` are unsent. The host calls `drained` when all of them are sent. */
  readonly isStuck: boolean;
  /** Decides by the head alone, after `failedAuth` and `budgets`: null admits the request. */
  refusalOf(head: RequestHead): MeshError | null;
  /** Answers the request, then calls `next`. */
  serve(request: ReceivedRequest): void;
  write(bytes: Uint8Array): void;
  /** Sends the bytes written so far, and nothing after them. */
  end(): void;
  /** Frees the descriptor at once. */
  readonly destroy: () => void;
  pause(): void;
  resume(): void;
  /** Runs the task after sockets and timers had their turn; it does not throw. Adding a waiting task again does nothing. */
  nextTurn(task: () => void): void;
  /** Called for each request that is refused here. @param kind an error code, or the text of an unexpected error */
  refused(kind: string): void;
}

/**
 * - `reading`: waits for a complete request
 * - `waiting`: waits for the next turn, or for the client to read
 * - `serving`: a request is being answered
 * - `over`: serves no more requests
 */
type State = "reading" | "waiting" | "serving" | "over";

export class RequestLoop {
  readonly #port: ConnectionPort;
  readonly #reader: RequestReader;
  #state: State = "reading";
  /** Standing while a request is being answered. */
  #work: ConnectionStanding = "asking";
  #isStuck = false;
  #hasEnded = false;
  readonly #expire = () => this.expire();
  readonly #takeTurn = () => this.#contain(() => this.#goOn());

  constructor(port: ConnectionPort) {
    this.#port = port;
    this.#reader = new RequestReader({
      entry: port.entry,
      unread: port.unread,
      expire: this.#expire,
      refusalOf: (head) => {
        const client = this.clientOf(head);
        return (
          port.failedAuth.refusalOf(client, head) ??
          port.budgets.refusalOf(client, head) ??
          port.refusalOf(head)
        );
      },
      isKnown: (head) => port.failedAuth.senderOf(head) !== null,
      write: (bytes) => port.write(bytes),
    });
  }

  /** Whether the client sends no more. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Whether the connection stays open after the answer to this request. */
  keepsAlive({ keepsAlive }: RequestHead): boolean {
    return keepsAlive && !(this.#hasEnded && this.#reader.inputBytes === 0);
  }

  /** The address that a request counts for. */
  clientOf(head: RequestHead): string {
    const { entry, clientOf } = this.#port;
    return clientOfRequest(entry, clientOf, head);
  }

  /** See `isEncrypted`. */
  isEncrypted(head: RequestHead, isTls: boolean): boolean | null {
    return isEncrypted(isTls, this.#port.clientOf, head);
  }

  /** @param bytes may be reused after the call */
  data(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#state === "over") return;
    this.#contain(() => {
      this.#reader.push(bytes);
      if (this.#state === "reading") this.#advance();
      if (this.#state === "waiting" || this.#state === "serving") {
        if (this.#reader.inputBytes > 0) this.#pipelines();
        // The rest waits with the sender.
        if (this.#reader.inputBytes > LIMITS.HEAD_BYTES) this.#port.pause();
      }
      this.#reader.keep(bytes);
      this.#hold();
    });
  }

  /** To be called when the client sends no more. Complete requests that it has sent are answered. */
  ended(): void {
    this.#hasEnded = true;
    if (this.#state !== "reading") return;
    this.#stop();
    this.#port.destroy();
  }

  /** To be called when the connection is closed. */
  gone(): void {
    this.#hasEnded = true;
    this.#stop();
  }

  /** Ends the loop, because the caller continues with another protocol. @returns the bytes after the request */
  takeOver(): Uint8Array<ArrayBuffer> {
    this.#state = "over";
    // The request may have been served while the rest waited with the sender: unread, not even a reset would be noticed.
    this.#port.resume();
    return this.#reader.drop();
  }

  /** To be called at the deadline of a request. */
  expire(): void {
    if (this.#reader.isBetween || this.#state === "waiting") this.#port.destroy();
    else this.refuse(new MeshError("request_timeout"));
  }

  /** To be called when the client does not read the answer being written: it has `ANSWER_TIMEOUT_MS` to do so, and may be shed. */
  stuck(): void {
    this.#isStuck = true;
    const { entry } = this.#port;
    // An event stream is shed as a guest.
    if (entry.standing === "guest") return;
    entry.become("idle");
    entry.expireIn(LIMITS.ANSWER_TIMEOUT_MS, this.#port.destroy);
  }

  /** To be called when the client has read everything. */
  drained(): void {
    if (!this.#isStuck) return;
    this.#isStuck = false;
    const { entry } = this.#port;
    if (this.#state === "waiting") {
      entry.expireIn(LIMITS.KEEP_ALIVE_MS, this.#expire);
      // A turn may be refused, which would answer what was not asked.
      if (this.#reader.inputBytes > 0) this.#port.nextTurn(this.#takeTurn);
      else this.#takeTurn();
    } else if (this.#state === "serving" && entry.standing !== "guest") entry.become(this.#work);
  }

  /** To be called when the answer is written. @param keepsAlive false closes the connection */
  next(keepsAlive: boolean): void {
    if (this.#state === "over") return;
    const hasMore = this.#reader.inputBytes > 0;
    if (!keepsAlive || (this.#hasEnded && !hasMore)) {
      this.close();
      return;
    }
    const { entry } = this.#port;
    entry.become("idle");
    this.#isStuck = this.#port.isStuck;
    if (this.#isStuck) entry.expireIn(LIMITS.ANSWER_TIMEOUT_MS, this.#port.destroy);
    else entry.expireIn(LIMITS.KEEP_ALIVE_MS, this.#expire);
    if (hasMore || this.#isStuck) {
      // One request a turn: thousands that arrived together would block the event loop for everybody else.
      this.#state = "waiting";
      if (!this.#isStuck) this.#port.nextTurn(this.#takeTurn);
    } else {
      this.#state = "reading";
      this.#port.resume();
    }
    this.#hold();
  }

  /** Answers a request with an error, and closes the connection. */
  refuse(error: MeshError): void {
    this.#port.refused(error.code);
    this.#stop();
    const framing = { isCurrent: true, keepsAlive: false };
    void refusalBytes(error, framing, false).then((bytes) => {
      this.#port.write(bytes);
      this.close();
    });
  }

  /** Answers a complete request with an error. The connection stays open: a proxy has other clients to use it for. */
  #decline(head: RequestHead, error: MeshError): void {
    this.#port.refused(error.code);
    const { isCurrent, method } = head;
    const keepsAlive = this.keepsAlive(head);
    void refusalBytes(error, { isCurrent, keepsAlive }, method === "HEAD").then((bytes) => {
      this.#port.write(bytes);
      this.next(keepsAlive);
    });
  }

  /** Closes the connection. The client can still read what was written, although it may be sending. */
  close(): void {
    this.#stop();
    this.#port.resume();
    this.#port.end();
    this.#port.entry.closing();
  }

  #stop(): void {
    this.#state = "over";
    this.#reader.drop();
  }

  #goOn(): void {
    if (this.#state !== "waiting") return;
    this.#state = "reading";
    this.#advance();
    if (this.#hasState("over")) return;
    if (this.#state === "reading" && this.#hasEnded) {
      this.close();
      return;
    }
    // What the host holds is small by now: more is read when it is wanted.
    if (this.#state === "reading" || this.#reader.inputBytes <= LIMITS.HEAD_BYTES)
      this.#port.resume();
    this.#hold();
  }

  #advance(): void {
    const request = this.#reader.next();
    if (request === null) return;
    if (request instanceof MeshError) {
      this.refuse(request);
      return;
    }
    const { head } = request;
    const { entry, clientOf, failedAuth } = this.#port;
    this.#state = "serving";
    const sender = failedAuth.senderOf(head);
    this.#work = sender === null ? "asking" : "busy";
    if (sender !== null && !entry.mayWorkFor(sender)) {
      this.#decline(head, appOverShare());
      return;
    }
    if (!takeClient(entry, clientOf, head)) {
      this.#decline(head, new MeshError("mesh_full", OVER_SHARE));
      return;
    }
    // A client that asks for a WebSocket keeps its weak standing until the WebSocket is open: a flood of them sheds its own.
    if (head.isUpgrade) entry.expireIn(LIMITS.HEAD_TIMEOUT_MS, this.#port.destroy);
    else entry.become(this.#work);
    if (this.#reader.inputBytes > 0) this.#pipelines();
    this.#port.serve(request);
  }

  /** A client that pipelines always has a request being answered: that must not protect it from being shed. */
  #pipelines(): void {
    if (this.#work !== "asking") return;
    this.#work = "idle";
    if (this.#port.entry.standing === "asking") this.#port.entry.become("idle");
  }

  /** Only an incomplete request is refused for the memory it holds: complete ones are answered. */
  #hold(): void {
    if (!this.#reader.hold() && this.#state !== "serving") this.refuse(new MeshError("overloaded"));
  }

  /** An unexpected error ends one connection, not the process. */
  #contain(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#port.refused(`${error}`);
      this.#port.destroy();
    }
  }

  /** A method call may have changed the state since the last check, which TypeScript cannot know. */
  #hasState(state: State): boolean {
    return this.#state === state;
  }
}

async function refusalBytes(
  error: MeshError,
  framing: Omit<Framing, "bytes">,
  isHead: boolean,
): Promise<Uint8Array> {
  const response = problemResponse(error);
  const body = new Uint8Array(await response.arrayBuffer());
  const head = headOf(response, { ...framing, bytes: body.length });
  return isHead ? head : joined([head, body]);
}
