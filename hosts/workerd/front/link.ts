/** A WebSocket that is passed through to workerd: what its client sends is bounded first. */
import type { Duplex } from "node:stream";
import { closeCodeOf, closeReason } from "../../../objects/close.ts";
import { closeVerdict, type ErrorCode } from "../../../schema/errors.ts";
import { CHANNEL_PUSH, decodeEnvelope, decodePushDown } from "../../../schema/generated/link.ts";
import type { Entry } from "../../machine/net/admission/admission.ts";
import { ClientFrames, type ClientFramesHandler } from "../../machine/net/client-frames.ts";
import { frames } from "../../machine/net/frames.ts";
import { ServerFrames } from "./server-frames.ts";

interface LinkPort {
  readonly client: Duplex;
  readonly inner: Duplex;
  readonly entry: Entry;
  now(): number;
  readonly destroy: () => void;
  /** workerd closed it at once, because the client failed to authenticate. */
  failed(): void;
  /** workerd's first frame is not a close. */
  opened(): void;
  /** Its device is registered now. */
  registered(): void;
}

export class ProxiedLink implements ClientFramesHandler {
  readonly destroy: () => void;
  readonly #port: LinkPort;
  readonly #received = new ClientFrames(this);
  readonly #sent = new ServerFrames((payloadBytes) => this.#received.sent(payloadBytes));
  #isRefused = false;
  /** workerd has closed the link. */
  #isClosing = false;
  /** workerd may then be given the client's close frame: not within another frame. */
  #mayAnswerClose = false;

  /** @param isDevice whether its device is registered; if not, the frames of workerd tell when it is */
  constructor(port: LinkPort, isDevice: boolean) {
    this.#port = port;
    this.destroy = port.destroy;
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

  now(): number {
    return this.#port.now();
  }

  /** Takes bytes from the client. */
  data(bytes: Uint8Array): void {
    const { client, inner } = this.#port;
    if (this.#isRefused || this.#isClosing) this.#received.discard(bytes);
    if (this.#isRefused) return;
    this.#received.push(bytes);
    if (this.#isRefused || this.#isClosing || inner.write(bytes)) return;
    client.pause();
    inner.once("drain", () => client.resume());
  }

  /** Takes bytes from workerd. They wait for the client, so that workerd counts what it does not read. */
  answer(bytes: Uint8Array): void {
    if (this.#isRefused) return;
    const { client, inner, entry } = this.#port;
    this.#sent.push(bytes);
    if (!client.write(bytes)) {
      inner.pause();
      client.once("drain", () => inner.resume());
    }
    if (!this.#sent.isClosed || this.#isClosing) return;
    this.#isClosing = true;
    this.#mayAnswerClose = this.#received.isBetween;
    this.#received.closing();
    entry.closing();
  }

  /** Closes both sides; the client is told why. */
  refuse(code: ErrorCode, detail = ""): void {
    this.close(closeCodeOf(code), closeReason(code, detail));
  }

  close(code: number, reason: string): void {
    if (this.#isRefused) return;
    this.#isRefused = true;
    this.#received.stop();
    const { client, inner, entry } = this.#port;
    inner.destroy();
    if (!this.#sent.isBetween) {
      this.destroy();
      return;
    }
    client.resume();
    client.end(frames.close(code, reason));
    entry.closing();
  }

  // What is within the bounds is passed on as it arrived, and answered by workerd. After its close frame, only that of the client is.
  message(): void {}

  heartbeat(): void {}

  pinged(): void {}

  closed(code: number | null): void {
    if (this.#mayAnswerClose) this.#port.inner.write(answeredClose(code));
  }
}

/** A close frame of a client. The mask is all zeros, so the payload remains as it is. */
const answeredClose = (code: number | null): Uint8Array =>
  code === null
    ? Uint8Array.of(0x88, 0x80, 0, 0, 0, 0)
    : Uint8Array.of(0x88, 0x82, 0, 0, 0, 0, code >> 8, code & 0xff);

/** Whether a close frame's code asks for another token. */
const isFailedAuth = ([high = 0, low = 0]: Uint8Array): boolean =>
  closeVerdict(high * 256 + low) === "reauthenticate";

/** Whether a frame tells the device that it is registered. */
function isRegistered(payload: Uint8Array): boolean {
  try {
    const { channel, body } = decodeEnvelope(payload);
    return channel === CHANNEL_PUSH && decodePushDown(body).kind === "registered";
  } catch {
    // Text.
    return false;
  }
}
