/** The WebSocket of a device's link, in the process that holds them all. */
import type { LinkSnapshot } from "../../../core/device/link/snapshot.ts";
import { closeWith } from "../../../objects/close.ts";
import type { SocketPort } from "../../../objects/runtime.ts";
import type { ErrorCode } from "../../../schema/errors.ts";

/** The part of a WebSocket that it uses. */
export interface LinkTransport {
  readonly bufferedAmount: number;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(code: number, reason: string): void;
}

export class LinkSocket implements SocketPort {
  readonly #socket: LinkTransport;
  #saved: LinkSnapshot | null = null;

  constructor(socket: LinkTransport) {
    this.#socket = socket;
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  send(frame: Uint8Array): void {
    try {
      this.#socket.send(frame as Uint8Array<ArrayBuffer>);
    } catch {
      // It closed while this waited for the disk, and that event waits behind this.
    }
  }

  close(code: ErrorCode, detail: string): void {
    closeWith(this.#socket, code, detail);
  }

  save(snapshot: LinkSnapshot | null): void {
    this.#saved = snapshot;
  }

  saved(): LinkSnapshot | null {
    return this.#saved;
  }

  /** The host looks for them all by one timer: see `DenoLinks.sweep`. */
  silentSince(): null {
    return null;
  }
}
