/** One connection to the front: complete requests are passed on to workerd, until one of them makes it a WebSocket. */
import type { Buffer } from "node:buffer";
import type { Duplex } from "node:stream";
import { AWAKE_MS } from "../../../objects/capacity/awake.ts";
import { REGISTERED_HEADER } from "../../../objects/interfaces/connections.ts";
import { MeshError } from "../../../schema/errors.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { bodyTooLarge } from "../../../worker/request/body.ts";
import { networkOf } from "../../../worker/request/network.ts";
import type { Entry } from "../../machine/net/admission/admission.ts";
import type { NamedClient } from "../../machine/net/admission/client.ts";
import type { FailedAuth } from "../../machine/net/admission/failed-auth.ts";
import type { RequestBudgets } from "../../machine/net/admission/request-budgets.ts";
import type { Unread } from "../../machine/net/admission/unread.ts";
import type { RequestHead } from "../../machine/net/http/head.ts";
import { type ConnectionPort, RequestLoop } from "../../machine/net/http/request-loop.ts";
import type { ReceivedRequest } from "../../machine/net/http/request-reader.ts";
import type { ClientTurns } from "./client-turns.ts";
import { ProxiedLink } from "./link.ts";
import { requestBytes } from "./requests.ts";
import { ResponseReader } from "./responses.ts";
import { type WakingPort, WokenObjects } from "./waking.ts";

interface FrontPort extends WakingPort {
  readonly entry: Entry;
  /** Of the listener, for HTTP/1.0 without Host. */
  readonly authority: string;
  /** The bytes of incomplete requests that all connections hold. */
  readonly unread: Unread;
  readonly failedAuth: FailedAuth;
  readonly budgets: RequestBudgets;
  readonly clientOf: NamedClient;
  /** Of requests that wake an object for a client without a registration. */
  readonly turns: ClientTurns;
  /** Of requests that were sent before the answer to the one before them. */
  readonly pipelined: ClientTurns;
  /** Of commands of devices over their budgets. */
  readonly commands: ClientTurns;
  /** Opens a connection to workerd. */
  connect(): Duplex;
  now(): number;
  readonly destroy: () => void;
  /** Called for each request that workerd never sees. @param kind see `ConnectionPort` */
  refused(kind: string): void;
}

export class FrontConnection implements ConnectionPort {
  readonly entry: Entry;
  readonly unread: Unread;
  readonly failedAuth: FailedAuth;
  readonly budgets: RequestBudgets;
  readonly clientOf: NamedClient;
  readonly destroy: () => void;
  readonly #client: Duplex;
  readonly #port: FrontPort;
  readonly #loop: RequestLoop;
  readonly #woken: WokenObjects;
  #inner: Duplex | null = null;
  /** The request being answered, and the reader of its answer. */
  #asked: RequestHead | null = null;
  #response: ResponseReader | null = null;
  /** workerd has been sent the request being answered: it waits for no turn. */
  #isPassedOn = false;
  /** Part of the answer has been passed on. */
  #isAnswered = false;
  /** workerd may answer without reading the body, and then closes its connection at any time after the answer. */
  #mayBeUnread = false;
  #isStream = false;
  #isOver = false;
  #link: ProxiedLink | null = null;
  /** Each ends a turn of the request being answered, or the wait for one. */
  #turns: (() => void)[] = [];
  /** The last answer was to an app server whose signature or send token was good. */
  #isSender = false;
  #isPipelining = false;

  constructor(client: Duplex, port: FrontPort) {
    this.entry = port.entry;
    this.unread = port.unread;
    this.failedAuth = port.failedAuth;
    this.budgets = port.budgets;
    this.clientOf = port.clientOf;
    this.destroy = port.destroy;
    this.#client = client;
    this.#port = port;
    this.#loop = new RequestLoop(this);
    this.#woken = new WokenObjects(port, () => this.#shed());
    client.on("data", (bytes: Buffer) => this.#data(plain(bytes)));
    client.on("end", () => this.#clientEnded());
    client.on("drain", () => this.#drained());
  }

  /** To be called at the deadline of the request. */
  expire(): void {
    this.#loop.expire();
  }

  /** To be called when the client is gone: closes the connection to workerd, too. */
  closed(): void {
    this.#isOver = true;
    this.#endTurns();
    this.#spare();
    this.#loop.gone();
    this.#link?.ended();
    this.#inner?.destroy();
    this.#woken.linkEnded();
  }

  get isStuck(): boolean {
    return this.#client.writableNeedDrain;
  }

  refusalOf(head: RequestHead): MeshError | null {
    if (this.#woken.admits(head, networkOf(this.#loop.clientOf(head)))) return null;
    const detail = "too many objects are awake for this address";
    return new MeshError("mesh_full", detail, { retryAfterMs: AWAKE_MS });
  }

  serve({ head, headBytes, body }: ReceivedRequest): void {
    this.#response = new ResponseReader(head.method === "HEAD");
    this.#asked = head;
    this.#isAnswered = false;
    this.#isPassedOn = false;
    this.#isSender = false;
    // Measured: with 60,000 bytes unread it closes, with 17,000 it does not. Most routes read at most this much.
    this.#mayBeUnread = body.length > LIMITS.BODY_BYTES;
    const { authority } = this.#port;
    const client = {
      address: this.#loop.clientOf(head),
      isEncrypted: this.#loop.isEncrypted(head, false),
    };
    const bytes = requestBytes(head, headBytes, body, { authority, client });
    const begin = () => {
      this.#isPassedOn = true;
      this.#innerSocket().write(bytes);
    };
    if (!this.#woken.isForStranger) {
      begin();
      return;
    }
    // No route that a stranger may ask reads more. It would be held until the turn comes.
    if (body.length > LIMITS.BODY_BYTES) {
      this.#spare();
      this.#loop.refuse(bodyTooLarge(LIMITS.BODY_BYTES));
      return;
    }
    const { turns } = this.#port;
    this.#turns.push(turns.take(networkOf(client.address), { begin, refuse: this.#refuseTurn }));
  }

  write(bytes: Uint8Array): void {
    this.#client.write(bytes);
  }

  end(): void {
    this.#isOver = true;
    this.#endTurns();
    this.#inner?.destroy();
    this.#client.end();
  }

  pause(): void {
    this.#client.pause();
  }

  resume(): void {
    this.#client.resume();
  }

  nextTurn(task: () => void): void {
    if (this.#isSender) {
      setImmediate(task);
      return;
    }
    if (this.#isPipelining) return;
    this.#isPipelining = true;
    const run = () => {
      this.#isPipelining = false;
      task();
      if (this.#asked === null) this.#endTurns();
    };
    const begin = () => void setImmediate(run);
    const { pipelined, entry } = this.#port;
    this.#turns.push(pipelined.take(entry.address, { begin, refuse: this.#refuseTurn }));
  }

  refused(kind: string): void {
    this.#port.refused(kind);
  }

  #data(bytes: Uint8Array<ArrayBuffer>): void {
    const link = this.#link;
    if (link === null) this.#loop.data(bytes);
    else this.#contain(() => link.data(bytes));
  }

  #clientEnded(): void {
    // A half-close ends an event stream, as it ends a WebSocket.
    if (this.#link !== null || this.#isStream) this.destroy();
    else this.#loop.ended();
  }

  #drained(): void {
    this.#inner?.resume();
    this.#loop.drained();
  }

  /** Makes room for a network that has nothing. */
  #shed(): void {
    if (this.#link === null) this.destroy();
    else this.#link.refuse("mesh_full");
  }

  #sent(): void {
    const { turns, pipelined, commands } = this.#port;
    turns.sent();
    pipelined.sent();
    commands.sent();
  }

  readonly #refuseTurn = (): void => {
    this.#spare();
    this.#loop.refuse(new MeshError("overloaded", "too many clients without a registration ask"));
  };

  /** A request that was not passed on has woken nothing. */
  #spare(): void {
    if (this.#asked !== null && !this.#isPassedOn) this.#woken.spared();
  }

  #endTurns(): void {
    for (const end of this.#turns.splice(0)) end();
  }

  #innerSocket(): Duplex {
    if (this.#inner !== null) return this.#inner;
    const inner = this.#port.connect();
    this.#inner = inner;
    inner.on("data", (bytes: Buffer) => this.#contain(() => this.#answer(bytes)));
    inner.on("error", () => {});
    inner.on("close", () => {
      if (this.#inner === inner && !this.#isOver) this.#innerClosed();
    });
    return inner;
  }

  /** Closes the connection to workerd: the next request opens another. */
  #leaveInner(): void {
    const inner = this.#inner;
    this.#inner = null;
    inner?.destroy();
  }

  /** workerd has closed its connection, or has ended. Before a request is passed on that does not matter: it opens another. */
  #innerClosed(): void {
    this.#inner = null;
    if (this.#link === null && !this.#isPassedOn) return;
    this.#endTurns();
    if (this.#link !== null || this.#isAnswered) this.#loop.close();
    else this.#loop.refuse(new MeshError("overloaded", "the mesh is starting"));
  }

  #answer(bytes: Buffer): void {
    if (this.#link !== null) {
      this.#link.answer(bytes);
      return;
    }
    if (this.#isOver) return;
    const response = this.#response;
    const asked = this.#asked;
    if (response === null || asked === null || !this.#isPassedOn) {
      this.destroy();
      return;
    }
    this.#isAnswered = true;
    const { head, isEnd, rest } = response.read(bytes);
    if (head !== null) this.#endTurns();
    if (head?.status === 101) {
      this.#client.write(bytes.subarray(0, bytes.length - rest.length));
      this.#openLink(asked, head.fields.has(REGISTERED_HEADER), rest);
      return;
    }
    if (head !== null) {
      this.#woken.answered(head.status);
      this.#isSender = this.failedAuth.answered(this.#loop.clientOf(asked), asked, head.status);
      if (this.#isSender) this.#sent();
    }
    if (head?.fields.get("content-type") === "text/event-stream" && !isEnd) this.#beginStream();
    if (!this.#client.write(bytes)) {
      this.#inner?.pause();
      this.#loop.stuck();
    }
    if (!isEnd) return;
    this.#response = null;
    this.#asked = null;
    this.#isPassedOn = false;
    this.#isAnswered = false;
    this.#isStream = false;
    if (this.#mayBeUnread) this.#leaveInner();
    this.#loop.next(asked.keepsAlive);
  }

  #beginStream(): void {
    this.#isStream = true;
    this.entry.become("guest");
    this.entry.onShed = this.destroy;
    if (this.#loop.hasEnded) this.destroy();
  }

  #openLink(asked: RequestHead, isDevice: boolean, early: Uint8Array): void {
    const inner = this.#inner as Duplex;
    const failed = () => this.failedAuth.failed(this.#loop.clientOf(asked), asked);
    const opened = () => this.#woken.opened();
    const registered = () => this.#woken.registered();
    const { entry, destroy } = this;
    const { now, commands } = this.#port;
    const network = networkOf(this.#loop.clientOf(asked));
    const link = new ProxiedLink(
      {
        ...{ client: this.#client, inner, entry, commands, network, now, destroy },
        ...{ failed, opened, registered },
      },
      isDevice,
    );
    this.#link = link;
    if (isDevice) registered();
    if (early.length > 0) link.answer(early);
    const input = this.#loop.takeOver();
    // A half-close ends a WebSocket. What workerd answered can still be read.
    if (this.#loop.hasEnded) entry.closing();
    else if (input.length > 0) link.data(input);
  }

  /** An unexpected error ends one connection, not the process. */
  #contain(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.refused(`${error}`);
      this.destroy();
    }
  }
}

/** Without Buffer's methods, whose `slice` does not copy. Node's sockets never use shared memory. */
const plain = ({ buffer, byteOffset, length }: Buffer): Uint8Array<ArrayBuffer> =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, length);
