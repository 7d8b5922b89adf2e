/** One socket of a sender link: its hello, its heartbeat, and what is under way on it. */
import { ThriftError } from "../../../schema/codec/error.ts";
import {
  CHANNEL_SEND,
  decodeEnvelope,
  decodeSendDown,
  encodeEnvelope,
  encodeSendUp,
  PROTOCOL_REVISION,
  type Send,
  type SendCredit,
  type SenderWelcome,
  type SendResult,
} from "../../../schema/generated/link.ts";
import type { ServerHost } from "../call.ts";
import type { ServerSocket } from "./socket.ts";

/** The subprotocol of a sender link. */
const PROTOCOL = "pushmesh.send.v1";
const CLOSE_NORMAL = 1000;
const CLOSE_PROTOCOL = 4202;
/** Time to open the socket and for the welcome; then for the answer to a heartbeat. */
const OPEN_MS = 15_000;
const PONG_MS = 10_000;
/** How often the heartbeat looks. */
const LOOK_MS = 5_000;
/** Of a Send beside its texts and bytes: numbers and the heads of its fields. Of a frame: its envelope. */
const SEND_BYTES = 32;
const FRAME_HEAD_BYTES = 32;
const ABNORMAL = 1006;

export interface ConnectionOwner {
  welcomed(connection: Connection, welcome: SenderWelcome): void;
  results(connection: Connection, results: readonly SendResult[]): void;
  /** There is more credit. */
  credited(connection: Connection): void;
  /** It takes no more sends, and the socket closes soon. */
  left(connection: Connection, reconnectWithinMs: number): void;
  /** Called once. */
  closed(connection: Connection, code: number, reason: string): void;
}

/** At most what a Send adds to its frame. */
export const sizeOf = ({ to, content, idempotencyKey }: Send): number =>
  SEND_BYTES + to.length * 3 + content.length + (idempotencyKey?.length ?? 0);

export class Connection {
  readonly #owner: ConnectionOwner;
  readonly #socket: ServerSocket;
  readonly #looker: ReturnType<typeof setInterval>;
  /** Bytes that each send under way counts for, by request. */
  readonly #pending = new Map<number, number>();
  #pendingBytes = 0;
  #credit: SendCredit = { sends: 0, bytes: 0 };
  #maxFrameBytes = 0;
  #heartbeatMs = 0;
  #isWelcome = false;
  #isLeaving = false;
  #isOver = false;
  readonly #now: () => number;
  #heardAt: number;
  /** When a heartbeat was sent that nothing has answered. */
  #pingedAt: number | undefined;

  constructor(
    host: ServerHost,
    url: string,
    headers: Readonly<Record<string, string>>,
    owner: ConnectionOwner,
  ) {
    this.#owner = owner;
    this.#now = () => host.now();
    this.#heardAt = host.now();
    this.#looker = setInterval(() => this.#look(), LOOK_MS);
    this.#socket = host.openSocket(
      url,
      { protocols: [PROTOCOL], headers },
      {
        opened: () => this.#send({ kind: "hello", value: { revision: PROTOCOL_REVISION } }),
        received: (data) => this.#receive(data),
        closed: (code, reason) => this.#end(code, reason),
      },
    );
  }

  /** Whether it takes sends. */
  get isOpen(): boolean {
    return this.#isWelcome && !this.#isLeaving && !this.#isOver;
  }

  get isWelcome(): boolean {
    return this.#isWelcome;
  }

  get pending(): number {
    return this.#pending.size;
  }

  /** Whether a send fits into the credit, after others that wait for the same frame. */
  hasRoom(sends: number, bytes: number): boolean {
    return (
      this.#pending.size + sends <= this.#credit.sends &&
      this.#pendingBytes + bytes + FRAME_HEAD_BYTES <= this.#credit.bytes
    );
  }

  /** Bytes that the sends of one frame may take, by `sizeOf`. */
  get frameBytes(): number {
    return this.#maxFrameBytes - FRAME_HEAD_BYTES;
  }

  /** Sends one frame, which must be within `frameBytes` and the credit. */
  sends(sends: readonly Send[]): void {
    const length = this.#send({ kind: "sends", value: sends });
    const bytes = Math.ceil(length / sends.length);
    for (const { request } of sends) this.#pending.set(request, bytes);
    this.#pendingBytes += bytes * sends.length;
  }

  close(): void {
    this.#socket.close(CLOSE_NORMAL, "");
    this.#end(CLOSE_NORMAL, "");
  }

  #send(frame: Parameters<typeof encodeSendUp>[0]): number {
    const bytes = encodeEnvelope({ channel: CHANNEL_SEND, body: encodeSendUp(frame) });
    this.#socket.send(bytes);
    return bytes.length;
  }

  #receive(data: string | Uint8Array): void {
    if (this.#isOver) return;
    this.#heardAt = this.#now();
    this.#pingedAt = undefined;
    if (typeof data === "string") return;
    try {
      const { channel, body } = decodeEnvelope(data);
      if (channel === CHANNEL_SEND) this.#receiveFrame(body);
    } catch (error) {
      if (!(error instanceof ThriftError)) throw error;
      this.#cut(CLOSE_PROTOCOL, error.message);
    }
  }

  #receiveFrame(body: Uint8Array): void {
    const frame = decodeSendDown(body);
    if (frame.kind === "results") {
      for (const { request } of frame.value) {
        this.#pendingBytes -= this.#pending.get(request) ?? 0;
        this.#pending.delete(request);
      }
      this.#owner.results(this, frame.value);
    } else if (frame.kind === "credit") {
      this.#credit = frame.value;
      this.#owner.credited(this);
    } else if (frame.kind === "goaway") {
      this.#isLeaving = true;
      this.#owner.left(this, frame.value.reconnectWithinMs);
    } else if (frame.kind === "welcome" && !this.#isWelcome) {
      this.#isWelcome = true;
      this.#credit = frame.value.credit;
      this.#maxFrameBytes = frame.value.maxFrameBytes;
      this.#heartbeatMs = frame.value.heartbeatMs;
      this.#owner.welcomed(this, frame.value);
    }
  }

  #look(): void {
    const silentMs = this.#now() - this.#heardAt;
    if (!this.#isWelcome) {
      if (silentMs >= OPEN_MS) this.#cut(ABNORMAL, "no welcome in time");
    } else if (this.#pingedAt !== undefined) {
      if (this.#now() - this.#pingedAt >= PONG_MS) this.#cut(ABNORMAL, "no answer to a heartbeat");
    } else if (silentMs >= (this.#pending.size > 0 ? PONG_MS : this.#heartbeatMs)) {
      this.#pingedAt = this.#now();
      this.#socket.send("ping");
    }
  }

  #cut(code: number, reason: string): void {
    this.#socket.close(code === ABNORMAL ? CLOSE_NORMAL : code, reason);
    this.#end(code, reason);
  }

  #end(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#looker);
    this.#owner.closed(this, code, reason);
  }
}
