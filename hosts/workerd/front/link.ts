/** A WebSocket that passes through: what its client sends is bounded before workerd has it. */
import type { Duplex } from "node:stream";
import { Limiter } from "../../../core/link/limiter.ts";
import { closeCodeOf, closeReason } from "../../../objects/close.ts";
import { closeVerdict, type ErrorCode } from "../../../schema/errors.ts";
import { CHANNEL_PUSH, decodeEnvelope, decodePushDown } from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { Entry } from "../../machine/net/admission/admission.ts";
import { type Fault, type FrameHandler, FrameReader, frames } from "../../machine/net/frames.ts";
import { ServerFrames } from "./server-frames.ts";

/** RFC 6455 §7.4.1. */
const PROTOCOL_ERROR = 1002;
/** Read on behind a close, so that its code arrives behind a frame that is too long. */
const DISCARD_BYTES = 33_554_432;
const PING = "ping";

export interface LinkPort {
  readonly client: Duplex;
  readonly inner: Duplex;
  readonly entry: Entry;
  now(): number;
  destroy(): void;
  /** workerd closed it at once, since it does not know who it is. */
  failed(): void;
  /** workerd answered otherwise than by closing it. */
  opened(): void;
  /** Its device has a registration now. */
  registered(): void;
}

export class ProxiedLink implements FrameHandler {
  readonly #port: LinkPort;
  readonly #reader = new FrameReader(LIMITS.FRAME_BYTES, this);
  readonly #limiter = new Limiter(LIMITS.CONTROL_FRAMES_PER_SECOND, LIMITS.CONTROL_FRAMES_BURST);
  readonly #sent = new ServerFrames();
  #isRefused = false;
  #discarded = 0;

  /** @param isDevice its device has a registration; otherwise it is watched for one */
  constructor(port: LinkPort, isDevice: boolean) {
    this.#port = port;
    port.entry.become(isDevice ? "device" : "guest");
    port.entry.onShed = () => this.refuse("mesh_full");
    if (isDevice) return;
    this.#sent.onPayload = (payload, isClose) => {
      if (this.#sent.isFirst) {
        if (!isClose) port.opened();
        else if (isFailedAuth(payload)) port.failed();
      }
      if (isClose || !isRegistered(payload)) return;
      this.#sent.onPayload = null;
      port.entry.become("device");
      port.registered();
    };
  }

  /** From the client. */
  data(bytes: Uint8Array): void {
    const { client, inner } = this.#port;
    if (this.#isRefused || this.#sent.isClosed) {
      this.#discarded += bytes.length;
      if (this.#discarded > DISCARD_BYTES) this.#port.destroy();
      // The answer to a close of workerd's; behind ours there is nobody.
      if (this.#isRefused || this.#discarded > LIMITS.FRAME_BYTES) return;
    } else this.#reader.push(bytes);
    if (this.#isRefused || inner.write(bytes)) return;
    client.pause();
    inner.once("drain", () => client.resume());
  }

  /** From workerd. Waits for the client, so that what it does not read is counted where it is sent. */
  answer(bytes: Uint8Array): void {
    if (this.#isRefused) return;
    const { client, inner, entry } = this.#port;
    this.#sent.push(bytes);
    if (!client.write(bytes)) {
      inner.pause();
      client.once("drain", () => inner.resume());
    }
    if (this.#sent.isClosed) entry.closing();
  }

  /** Ends it at both sides; the client is told why. */
  refuse(code: ErrorCode, detail = ""): void {
    this.#close(closeCodeOf(code), closeReason(code, detail));
  }

  frame(isMessage: boolean): boolean {
    return isMessage || this.#takeControl();
  }

  message(bytes: Uint8Array, isText: boolean): void {
    if (isText && bytes.length === PING.length && String.fromCharCode(...bytes) === PING)
      this.#takeControl();
  }

  pinged(): void {}

  closed(): void {}

  fault(fault: Fault): void {
    if (fault.kind === "protocol") this.#close(PROTOCOL_ERROR, fault.detail);
    else this.refuse("frame_too_large", `${fault.bytes} bytes, at most ${LIMITS.FRAME_BYTES}`);
  }

  #takeControl(): boolean {
    if (this.#limiter.take(this.#port.now()) === 0) return true;
    this.refuse("flooding", `over ${LIMITS.CONTROL_FRAMES_PER_SECOND} control frames a second`);
    return false;
  }

  #close(code: number, reason: string): void {
    if (this.#isRefused) return;
    this.#isRefused = true;
    const { client, inner, entry, destroy } = this.#port;
    inner.destroy();
    if (!this.#sent.isBetween) {
      destroy();
      return;
    }
    client.resume();
    client.end(frames.close(code, reason));
    entry.closing();
  }
}

/** Whether a close frame's code asks for another token. */
const isFailedAuth = ([high = 0, low = 0]: Uint8Array): boolean =>
  closeVerdict(high * 256 + low) === "reauthenticate";

/** Whether a frame of the mesh tells its device that it has a registration. */
function isRegistered(payload: Uint8Array): boolean {
  try {
    const { channel, body } = decodeEnvelope(payload);
    return channel === CHANNEL_PUSH && decodePushDown(body).kind === "registered";
  } catch {
    // Text.
    return false;
  }
}
