/** Reads and writes the bytes of a connection. Writes are buffered without a bound: writers have to check `unsentBytes`. */
import { joined } from "../../machine/net/frames.ts";
import { socketsPolled } from "../sockets.ts";

/** Fits most requests with their bodies. */
const REQUEST_BYTES = 4_096;
/** The buffer of an idle link: commands and acknowledgements are smaller. */
const SMALL_BYTES = 512;
/** For connections that send more: bodies, batches. */
const LARGE_BYTES = 16_384;
/** Bound of one write. */
const WRITE_BYTES = 65_536;

export interface TransportHandler {
  /** The bytes are valid during the call. */
  data(bytes: Uint8Array): void;
  /** Called when the client sends no more, and when the connection is closed. */
  ended(): void;
  /** Called when the system has taken everything written. */
  drained?(): void;
}

/** The part of Deno.Conn that is used. */
export interface Conn {
  read(into: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  close(): void;
  closeWrite(): Promise<void>;
}

export class Transport {
  readonly #conn: Conn;
  handler: TransportHandler;
  #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  #waitBytes = REQUEST_BYTES;
  #isWriting = false;
  #isEnding = false;
  #isClosed = false;
  #isReadToEnd = false;
  #resume: (() => void) | null = null;
  #isPaused = false;
  readonly #onClose: () => void;

  /** @param onClose called once, when the descriptor is freed */
  constructor(conn: Conn, handler: TransportHandler, onClose: () => void) {
    this.#conn = conn;
    this.handler = handler;
    this.#onClose = onClose;
  }

  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Reads until the connection ends. Never throws. */
  async run(): Promise<void> {
    let buffer = new Uint8Array(this.#waitBytes);
    try {
      while (!this.#isClosed) {
        const count = await this.#conn.read(buffer);
        if (count === null) break;
        socketsPolled();
        this.handler.data(buffer.subarray(0, count));
        const wanted = count === buffer.length ? LARGE_BYTES : this.#waitBytes;
        if (buffer.length !== wanted) buffer = new Uint8Array(wanted);
        if (this.#isPaused) await new Promise<void>((resolve) => (this.#resume = resolve));
      }
    } catch {
      // Reset, or closed here.
      this.destroy();
    }
    this.#isReadToEnd = true;
    this.handler.ended();
  }

  /** Uses a small buffer from the next read on. */
  waitSmall(): void {
    this.#waitBytes = SMALL_BYTES;
  }

  /** Uses a large one: for a client that sends frame after frame. */
  expectLarge(): void {
    this.#waitBytes = LARGE_BYTES;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#resume?.();
    this.#resume = null;
  }

  write(bytes: Uint8Array): void {
    if (this.#isClosed || this.#isEnding) return;
    this.#unsent.push(bytes);
    this.#unsentBytes += bytes.length;
    if (!this.#isWriting) void this.#flush();
  }

  /** Half-closes the connection after everything written is sent. */
  end(): void {
    this.#isEnding = true;
    if (!this.#isWriting) void this.#conn.closeWrite().catch(() => {});
  }

  /** Frees the descriptor at once. */
  destroy(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#unsent = [];
    this.#unsentBytes = 0;
    this.resume();
    try {
      this.#conn.close();
    } catch {
      // Already closed.
    }
    this.#onClose();
    // While bytes are being read, `run` does this.
    if (this.#isReadToEnd) this.handler.ended();
  }

  async #flush(): Promise<void> {
    this.#isWriting = true;
    try {
      while (this.#unsent.length > 0) {
        let bytes = this.#next();
        while (bytes.length > 0) {
          const count = await this.#conn.write(bytes);
          this.#unsentBytes = Math.max(0, this.#unsentBytes - count);
          bytes = bytes.subarray(count);
        }
      }
    } catch {
      this.destroy();
    }
    this.#isWriting = false;
    if (this.#isEnding && !this.#isClosed) this.end();
    this.handler.drained?.();
  }

  /** The next bytes to write: buffered small writes are combined. */
  #next(): Uint8Array {
    const [first] = this.#unsent;
    if (first === undefined) return new Uint8Array();
    if (this.#unsent.length === 1) {
      this.#unsent = [];
      return first;
    }
    let count = 0;
    let bytes = 0;
    for (const each of this.#unsent) {
      if (count > 0 && bytes + each.length > WRITE_BYTES) break;
      count++;
      bytes += each.length;
    }
    return joined(this.#unsent.splice(0, count), bytes);
  }
}
