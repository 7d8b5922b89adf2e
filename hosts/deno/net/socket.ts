/** The server's end of a WebSocket: what its client may do is bounded here, before and after it has said who it is. */
import { Limiter } from "../../../core/link/limiter.ts";
import { closeCodeOf, closeReason, NORMAL_CLOSURE } from "../../../objects/close.ts";
import type { ErrorCode } from "../../../schema/errors.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { type Fault, type FrameHandler, FrameReader, frames } from "../../machine/net/frames.ts";
import type { Transport, TransportHandler } from "./transport.ts";

/** RFC 6455 §7.4.1. */
const PROTOCOL_ERROR = 1002;
const NOT_UTF8 = 1007;

/** Read on behind a close, so that its code arrives behind a frame that is too long; whoever sends more is not listening. */
const DISCARD_BYTES = 33_554_432;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A heartbeat is the text `ping`, told by its bytes: it is the most frequent message of an idle mesh. */
const PING = new TextEncoder().encode("ping");
const PONG = frames.text("pong");
const isPing = (bytes: Uint8Array): boolean =>
  bytes.length === PING.length && PING.every((byte, i) => bytes[i] === byte);

/** What the connection has to do with its socket. */
export interface SocketEvents {
  /** A close frame was sent: the connection ends within a second. */
  closing(): void;
  /** Milliseconds that only rise. */
  now(): number;
}

export class ServerSocket implements FrameHandler, TransportHandler {
  /** Text that is no heartbeat, or the bytes of a binary message. */
  onmessage: (data: string | ArrayBuffer) => void = () => {};
  /** Called once, when it was closed by either side. */
  onclose: () => void = () => {};
  /** When something came last. */
  heardAt: number;
  readonly #transport: Transport;
  readonly #port: SocketEvents;
  readonly #reader: FrameReader;
  readonly #limiter = new Limiter(LIMITS.CONTROL_FRAMES_PER_SECOND, LIMITS.CONTROL_FRAMES_BURST);
  #isOpen = true;
  #isLost = false;
  #discarded = 0;

  constructor(transport: Transport, port: SocketEvents) {
    this.#transport = transport;
    this.#port = port;
    this.heardAt = port.now();
    this.#reader = new FrameReader(LIMITS.FRAME_BYTES, this);
    transport.handler = this;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get bufferedAmount(): number {
    return this.#transport.unsentBytes;
  }

  send(data: string | Uint8Array): void {
    if (!this.#isOpen) return;
    this.#transport.write(typeof data === "string" ? frames.text(data) : frames.binary(data));
    // Whoever sends looks after it in time; this bounds what nobody thought of.
    if (this.bufferedAmount > 2 * LIMITS.SOCKET_BUFFER_BYTES) this.terminate();
  }

  /** Asks the client for a sign of life. */
  ping(): void {
    if (this.#isOpen) this.#transport.write(frames.ping());
  }

  /** Sends the code; the connection ends within a second, whatever the client does. */
  close(code: number, reason: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#transport.write(frames.close(code, reason));
    this.#transport.end();
    this.#port.closing();
    this.#lost();
  }

  /** Ends the connection at once. */
  terminate(): void {
    this.#isOpen = false;
    this.#transport.destroy();
    this.#lost();
  }

  refuse(code: ErrorCode, detail = ""): void {
    this.close(closeCodeOf(code), closeReason(code, detail));
  }

  data(bytes: Uint8Array): void {
    if (!this.#isOpen) {
      this.#discarded += bytes.length;
      if (this.#discarded > DISCARD_BYTES) this.terminate();
      return;
    }
    this.heardAt = this.#port.now();
    this.#reader.push(bytes);
  }

  ended(): void {
    this.terminate();
  }

  frame(isMessage: boolean): boolean {
    if (!this.#isOpen) return false;
    return isMessage || this.#takeControl();
  }

  message(bytes: Uint8Array<ArrayBuffer>, isText: boolean): void {
    if (!isText) {
      this.onmessage(bytes.buffer);
      return;
    }
    if (isPing(bytes)) {
      if (this.#takeControl()) this.#answer(PONG);
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

  fault(fault: Fault): void {
    if (fault.kind === "protocol") this.close(PROTOCOL_ERROR, fault.detail);
    else this.refuse("frame_too_large", `${fault.bytes} bytes, at most ${LIMITS.FRAME_BYTES}`);
  }

  /** Heartbeats, control frames and fragments cost work and are no commands, which the device itself counts. */
  #takeControl(): boolean {
    if (this.#limiter.take(this.#port.now()) === 0) return true;
    this.refuse("flooding", `over ${LIMITS.CONTROL_FRAMES_PER_SECOND} control frames a second`);
    return false;
  }

  /** A client that asks and does not read is owed nothing. */
  #answer(frame: Uint8Array): void {
    if (this.bufferedAmount > LIMITS.SOCKET_BUFFER_BYTES) this.refuse("slow_consumer");
    else this.#transport.write(frame);
  }

  #lost(): void {
    if (this.#isLost) return;
    this.#isLost = true;
    // Whoever closes it is in the midst of something.
    queueMicrotask(() => this.onclose());
  }
}
