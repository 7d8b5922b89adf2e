/** What a client may send on its WebSocket, before and after it has authenticated: the same bounds on every host. */
import { Limiter } from "../../../core/link/limiter.ts";
import { closeCodeOf, closeReason } from "../../../objects/close.ts";
import type { ErrorCode } from "../../../schema/errors.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { type Fault, type FrameHandler, FrameReader } from "./frames.ts";

/** RFC 6455 §7.4.1. */
const PROTOCOL_ERROR = 1002;
/** After a close, this much is still read, so that the close code arrives although the client is sending a long frame. */
const DISCARD_BYTES = 33_554_432;
/**
 * A client may answer each message and broadcast twice: it discards it early, and acknowledges it in its turn. The smallest takes 23 bytes of its
 * frame.
 */
const ANSWER_BYTES = 11;
const ANSWERS_PER_FRAME = 2 * LIMITS.DELIVER_MESSAGES;
/** All that is in flight, each acknowledged by itself. */
const ANSWERS = (LIMITS.INFLIGHT_MESSAGES + LIMITS.BROADCAST_INFLIGHT) * LIMITS.REGISTRATIONS;
/** A heartbeat is the text `ping`, compared as bytes: it is the most frequent message of an idle mesh. */
const PING = new TextEncoder().encode("ping");
const isPing = (bytes: Uint8Array): boolean =>
  bytes.length === PING.length && PING.every((byte, i) => bytes[i] === byte);

/** The owner of the WebSocket. */
export interface ClientFramesHandler
  extends Pick<FrameHandler, "message" | "pinged" | "closed" | "taken"> {
  /** Called for a heartbeat instead of `message`. */
  heartbeat(): void;
  /** Closes the WebSocket with this code. */
  close(code: number, reason: string): void;
  readonly destroy: () => void;
  /** Monotonic milliseconds. */
  now(): number;
  /** Whether frames that have arrived have to wait for `resume`. Default: never. */
  readonly isHeld?: boolean;
}

export class ClientFrames implements FrameHandler {
  readonly #handler: ClientFramesHandler;
  readonly #reader = new FrameReader(LIMITS.FRAME_BYTES, this);
  readonly #limiter = new Limiter(LIMITS.CONTROL_FRAMES_PER_SECOND, LIMITS.CONTROL_FRAMES_BURST);
  readonly #messages = new Limiter(LIMITS.CLIENT_MESSAGES_PER_SECOND, LIMITS.CLIENT_MESSAGES_BURST);
  /** Messages that the client may send in answer to what it was sent. */
  #answers = 0;
  #isStopped = false;
  /** After our close frame: only the client's is of interest. */
  #isClosing = false;
  #discarded = 0;

  constructor(handler: ClientFramesHandler) {
    this.#handler = handler;
  }

  push(bytes: Uint8Array): void {
    this.#reader.push(bytes);
  }

  get isHeld(): boolean {
    return this.#handler.isHeld === true;
  }

  /** Reads the frames that had to wait. */
  resume(): void {
    this.#reader.resume();
  }

  /** To be called for each frame to the client, which may answer the messages in it. @param bytes of its payload */
  sent(bytes: number): void {
    const answers = Math.min(ANSWERS_PER_FRAME, Math.ceil(bytes / ANSWER_BYTES));
    this.#answers = Math.min(ANSWERS, this.#answers + answers);
  }

  /** Reports nothing from now on but the client's close frame. */
  closing(): void {
    this.#isClosing = true;
  }

  /** Whether the last frame is complete. */
  get isBetween(): boolean {
    return this.#reader.isBetween;
  }

  /** Reads no further frame, not even one that has arrived. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Takes bytes that arrive after a close. @returns how many have been discarded */
  discard({ length }: Uint8Array): number {
    this.#discarded += length;
    if (this.#discarded > DISCARD_BYTES) this.#handler.destroy();
    return this.#discarded;
  }

  frame(isMessage: boolean): boolean {
    return !this.#isStopped && (isMessage || this.#isClosing || this.#takeControl());
  }

  message(bytes: Uint8Array<ArrayBuffer>, isText: boolean): void {
    if (this.#isClosing) return;
    if (isText && isPing(bytes)) {
      if (this.#takeControl()) this.#handler.heartbeat();
    } else if (this.#takeMessage()) this.#handler.message(bytes, isText);
  }

  pinged(payload: Uint8Array<ArrayBuffer>): void {
    if (!this.#isClosing) this.#handler.pinged(payload);
  }

  closed(code: number | null): void {
    this.#handler.closed(code);
  }

  taken(bytes: Uint8Array, start: number, end: number): void {
    if (!this.#isClosing) this.#handler.taken?.(bytes, start, end);
  }

  fault(fault: Fault): void {
    if (this.#isClosing) return;
    if (fault.kind === "protocol") this.#handler.close(PROTOCOL_ERROR, fault.detail);
    else this.#refuse("frame_too_large", `${fault.bytes} bytes, at most ${LIMITS.FRAME_BYTES}`);
  }

  /** The device limits commands itself, but only after each frame had its turn on the one thread of the mesh. */
  #takeMessage(): boolean {
    if (this.#answers > 0) {
      this.#answers--;
      return true;
    }
    if (this.#messages.take(this.#handler.now()) === 0) return true;
    this.#refuse("flooding", `over ${LIMITS.CLIENT_MESSAGES_PER_SECOND} messages a second`);
    return false;
  }

  /** Heartbeats, control frames and fragments cost work, but are not commands, which the device itself limits. */
  #takeControl(): boolean {
    if (this.#limiter.take(this.#handler.now()) === 0) return true;
    this.#refuse("flooding", `over ${LIMITS.CONTROL_FRAMES_PER_SECOND} control frames a second`);
    return false;
  }

  #refuse(code: ErrorCode, detail: string): void {
    this.#handler.close(closeCodeOf(code), closeReason(code, detail));
  }
}
