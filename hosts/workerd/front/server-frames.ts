/** Follows the frames that workerd sends, so that a close frame of the front is written between two of them. */
import { joined } from "../../machine/net/frames.ts";

const CLOSE = 0x8;
/** Frames up to this size are shown: a frame that announces a registration is smaller. */
const SHOWN_BYTES = 1_024;

export class ServerFrames {
  /** Bytes of the payload that have not arrived. */
  #left = 0;
  #head: number[] = [];
  #isClosed = false;
  /** Payload of the current frame, if it is shown. */
  #payload: Uint8Array[] = [];
  /** Called with each complete small frame; null for none. */
  onPayload: ((payload: Uint8Array, isClose: boolean) => void) | null = null;
  #isShown = false;
  #count = 0;
  readonly #onHead: (payloadBytes: number) => void;

  /** @param onHead called for each frame, before its payload is shown */
  constructor(onHead: (payloadBytes: number) => void = () => {}) {
    this.#onHead = onHead;
  }

  /** Whether a close frame has begun. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether the shown frame is the first one. */
  get isFirst(): boolean {
    return this.#count === 1;
  }

  /** Whether the last frame is complete. */
  get isBetween(): boolean {
    return this.#left === 0 && this.#head.length === 0;
  }

  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, bytes.length - at);
        this.#left -= taken;
        if (this.#isShown) this.#show(bytes.subarray(at, at + taken));
        at += taken;
        continue;
      }
      this.#head.push(bytes[at] as number);
      at++;
      const [first = 0, short = 0] = this.#head;
      const headBytes = 2 + (short === 127 ? 8 : short === 126 ? 2 : 0);
      if (this.#head.length < headBytes) continue;
      if ((first & 0xf) === CLOSE) this.#isClosed = true;
      const long = this.#head.slice(2);
      this.#left = long.length === 0 ? short : long.reduce((sum, byte) => sum * 256 + byte, 0);
      this.#head = [];
      this.#count++;
      this.#onHead(this.#left);
      this.#isShown = this.onPayload !== null && this.#left <= SHOWN_BYTES;
    }
  }

  #show(part: Uint8Array): void {
    this.#payload.push(part.slice());
    if (this.#left > 0) return;
    const payload = joined(this.#payload);
    this.#payload = [];
    this.onPayload?.(payload, this.#isClosed);
  }
}
