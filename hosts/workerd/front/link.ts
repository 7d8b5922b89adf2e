/** A WebSocket that is passed through to workerd, frame by frame: what its client sends is bounded first. */
import type { Duplex } from "node:stream";
import { closeCodeOf, closeReason } from "../../../objects/close.ts";
import { closeVerdict, type ErrorCode } from "../../../schema/errors.ts";
import { CHANNEL_PUSH, decodeEnvelope, decodePushDown } from "../../../schema/generated/link.ts";
import type { Entry } from "../../machine/net/admission/admission.ts";
import { ClientFrames, type ClientFramesHandler } from "../../machine/net/client-frames.ts";
import { frames } from "../../machine/net/frames.ts";
import type { ClientTurns } from "./client-turns.ts";
import { LinkCommands } from "./link-commands.ts";
import { ServerFrames } from "./server-frames.ts";

interface LinkPort {
  readonly client: Duplex;
  readonly inner: Duplex;
  readonly entry: Entry;
  /** Where commands of devices wait for their turn. */
  readonly commands: ClientTurns;
  /** Of the client. */
  readonly network: string;
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
  readonly #commands = new LinkCommands();
  /** Frames of the client that were read, and have to be passed on. */
  #read: Uint8Array[] = [];
  /** The message that is read has to wait for a turn, as all behind it. */
  #mustWait = false;
  /** Ends the turn of a command, or the wait for one; null if there is none. */
  #endTurn: (() => void) | null = null;

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
    if (this.#isRefused || this.#isClosing) this.#received.discard(bytes);
    if (this.#isRefused) return;
    this.#received.push(bytes);
    this.#passOn();
  }

  get isHeld(): boolean {
    return this.#endTurn !== null;
  }

  /** Takes bytes from workerd. They wait for the client, so that workerd counts what it does not read. */
  answer(bytes: Uint8Array): void {
    if (this.#isRefused) return;
    const { client, inner, entry } = this.#port;
    this.#sent.push(bytes);
    this.#endTurn?.();
    if (!client.write(bytes)) {
      inner.pause();
      client.once("drain", () => inner.resume());
    }
    if (!this.#sent.isClosed || this.#isClosing) return;
    this.#isClosing = true;
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
    this.ended();
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

  /** To be called when the client is gone. */
  ended(): void {
    this.#isRefused = true;
    this.#endTurn?.();
  }

  // What is within the bounds is passed on as it arrived, and answered by workerd. After its close frame, only that of the client is.
  message(bytes: Uint8Array, isText: boolean): void {
    this.#mustWait = this.#commands.mustWait(bytes, isText, this.now());
  }

  taken(bytes: Uint8Array, start: number, end: number): void {
    const frame = bytes.subarray(start, end);
    if (this.#mustWait) this.#wait(frame);
    else this.#read.push(frame);
  }

  heartbeat(): void {}

  pinged(): void {}

  closed(code: number | null): void {
    if (this.#isClosing) this.#port.inner.write(answeredClose(code));
  }

  /** Nothing behind the command is read before workerd has answered it, or the time of its turn is over. */
  #wait(frame: Uint8Array): void {
    this.#mustWait = false;
    this.#passOn();
    const { client, inner, commands, network } = this.#port;
    client.pause();
    let end = (): void => {};
    const isOver = () => this.#isRefused || this.#isClosing;
    const begin = () => {
      if (!isOver()) inner.write(frame);
    };
    const expired = () => {
      this.#endTurn = null;
      end();
      if (isOver()) return;
      client.resume();
      this.#received.resume();
      this.#passOn();
    };
    // A device that has waited that long goes on without one.
    const refuse = () => {
      begin();
      expired();
    };
    this.#endTurn = expired;
    end = commands.take(network, { begin, refuse, expired });
  }

  #passOn(): void {
    const read = this.#read;
    this.#read = [];
    if (read.length === 0 || this.#isRefused || this.#isClosing) return;
    const { client, inner } = this.#port;
    if (inner.write(read.length === 1 ? read[0] : Buffer.concat(read)) || this.isHeld) return;
    client.pause();
    inner.once("drain", () => {
      if (!this.isHeld) client.resume();
    });
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
