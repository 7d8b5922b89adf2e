/** The frames that workerd sends: only where they begin, and whether one closes, so that a close of ours stands between two. */
import { joined } from "../../machine/net/frames.ts";

const CLOSE = 0x8;
/** A frame that tells of a registration is smaller. */
const SHOWN_BYTES = 1_024;

export class ServerFrames {
  /** Bytes of the payload that are still to come. */
  #left = 0;
  #head: number[] = [];
  #isClosed = false;
  /** Of the frame under way, where it is shown. */
  #payload: Uint8Array[] = [];
  /** Shown each small frame that is whole; null to be shown none. */
  onPayload: ((payload: Uint8Array, isClose: boolean) => void) | null = null;
  #isShown = false;
  #count = 0;

  /** A close frame has begun. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** There has been no frame before the one that is shown. */
  get isFirst(): boolean {
    return this.#count === 1;
  }

  /** No frame is under way. */
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
