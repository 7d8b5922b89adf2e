/** The server's end of a WebSocket. */
import { closeCodeOf, closeReason, NORMAL_CLOSURE } from "../../../objects/close.ts";
import type { ErrorCode } from "../../../schema/errors.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { ClientFrames, type ClientFramesHandler } from "../../machine/net/client-frames.ts";
import { frames } from "../../machine/net/frames.ts";
import { FrameBudget } from "./frame-budget.ts";
import type { Transport, TransportHandler } from "./transport.ts";

/** RFC 6455 §7.4.1. */
const NOT_UTF8 = 1007;
const PONG = frames.text("pong");
const NOTHING = new Uint8Array();
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What the socket needs of its connection. */
export interface SocketOwner {
  /** Called when a close frame was sent: the connection has to end within a second. */
  closing(): void;
  /** Monotonic milliseconds. */
  now(): number;
  /** Resolves when the frames of a link that has used up its share have their turn. */
  frameTurn(): Promise<void>;
}

export class ServerSocket implements ClientFramesHandler, TransportHandler {
  /** Called with text that is no heartbeat, or the bytes of a binary message. */
  onmessage: (data: string | ArrayBuffer) => void = () => {};
  /** Called once, when either side has closed the socket. */
  onclose: () => void = () => {};
  /** When the last bytes arrived. */
  heardAt: number;
  /** Whether frames wait for their turn when the link has used up its share: not those of a sender, which its credit bounds. */
  takesTurns = true;
  readonly #transport: Transport;
  readonly #port: SocketOwner;
  readonly #frames = new ClientFrames(this);
  readonly #budget: FrameBudget;
  /** Frames wait for their turn. */
  #isWaiting = false;
  /** The connection ended meanwhile. */
  #hasEnded = false;
  #isOpen = true;
  #isLost = false;
  #early: Uint8Array;

  /** @param early bytes that arrived before. Its owner gets their messages later, when it has set its handlers. */
  constructor(transport: Transport, port: SocketOwner, early: Uint8Array = NOTHING) {
    this.#transport = transport;
    this.#port = port;
    this.heardAt = port.now();
    this.#budget = new FrameBudget(this.heardAt);
    this.#early = early;
    transport.handler = this;
    if (early.length > 0) queueMicrotask(() => this.#takeEarly());
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get bufferedAmount(): number {
    return this.#transport.unsentBytes;
  }

  now(): number {
    return this.#port.now();
  }

  send(data: string | Uint8Array): void {
    if (!this.#isOpen) return;
    this.#transport.write(typeof data === "string" ? frames.text(data) : frames.binary(data));
    this.#frames.sent(data.length);
    // Senders look at the buffer themselves; this bounds one that does not.
    if (this.bufferedAmount > 2 * LIMITS.SOCKET_BUFFER_BYTES) this.destroy();
  }

  /** Sends a ping, which clients answer by themselves. */
  ping(): void {
    if (this.#isOpen) this.#transport.write(frames.ping());
  }

  /** Sends a close frame; the connection ends within a second, whatever the client does. */
  close(code: number, reason: string): void {
    if (!this.#isOpen) return;
    this.#shut();
    this.#transport.write(frames.close(code, reason));
    this.#transport.end();
    this.#port.closing();
    this.#lost();
  }

  /** Ends the connection at once. */
  readonly destroy = (): void => {
    this.#shut();
    this.#transport.destroy();
    this.#lost();
  };

  refuse(code: ErrorCode, detail = ""): void {
    this.close(closeCodeOf(code), closeReason(code, detail));
  }

  data(bytes: Uint8Array): void {
    // The transport may have read them before the task for the earlier ones had its turn.
    this.#takeEarly();
    this.#take(bytes);
  }

  ended(): void {
    this.#takeEarly();
    // What had arrived is taken first.
    if (this.#isWaiting) this.#hasEnded = true;
    else this.destroy();
  }

  heartbeat(): void {
    this.#answer(PONG);
  }

  /** Frames that have arrived wait for their turn. After the end there are none to wait. */
  get isHeld(): boolean {
    return this.#isOpen && this.takesTurns && (this.#isWaiting || this.#budget.isSpent(this.now()));
  }

  message(bytes: Uint8Array<ArrayBuffer>, isText: boolean): void {
    if (!isText) {
      this.onmessage(bytes.buffer);
      return;
    }
    let text: string;
    try {
      text = utf8.decode(bytes);
    } catch {
      this.close(NOT_UTF8, "");
      return;
    }
    this.onmessage(text);
  }

  pinged(payload: Uint8Array<ArrayBuffer>): void {
    this.#answer(frames.pong(payload));
  }

  closed(code: number | null): void {
    this.close(code ?? NORMAL_CLOSURE, "");
  }

  #takeEarly(): void {
    const early = this.#early;
    this.#early = NOTHING;
    if (early.length > 0) this.#take(early);
  }

  #take(bytes: Uint8Array): void {
    if (!this.#isOpen) {
      this.#frames.discard(bytes);
      return;
    }
    this.heardAt = this.now();
    if (this.#isWaiting) this.#frames.push(bytes);
    else this.#read(bytes);
  }

  /**
   * Reads frames for as long as the link may; what is left waits for its turn, and the rest with the client.
   *
   * @param bytes that have arrived; null if it is the turn of earlier ones
   */
  #read(bytes: Uint8Array | null): void {
    if (bytes !== null && !this.takesTurns) {
      this.#frames.push(bytes);
      return;
    }
    this.#budget.begin(this.now(), bytes === null);
    if (bytes === null) this.#frames.resume();
    else this.#frames.push(bytes);
    if (!this.#budget.end(this.now()) || !this.#isOpen) return;
    this.#isWaiting = true;
    this.#transport.pause();
    void this.#port.frameTurn().then(() => this.#takeTurn());
  }

  #takeTurn(): void {
    this.#isWaiting = false;
    if (this.#isOpen) this.#read(null);
    if (this.#isWaiting) return;
    if (this.#hasEnded) this.destroy();
    else this.#transport.resume();
  }

  /** Answers a ping, unless the client reads nothing. */
  #answer(frame: Uint8Array): void {
    if (this.bufferedAmount > LIMITS.SOCKET_BUFFER_BYTES) this.refuse("slow_consumer");
    else this.#transport.write(frame);
  }

  #shut(): void {
    this.#isOpen = false;
    this.#frames.stop();
    // The client's close frame may be behind what waits.
    this.#transport.resume();
  }

  #lost(): void {
    if (this.#isLost) return;
    this.#isLost = true;
    // Later: the caller of `close` may be in the middle of something.
    queueMicrotask(() => this.onclose());
  }
}
