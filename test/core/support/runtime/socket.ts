/** The mesh's end of a link whose other end is the test. */
import type { LinkSnapshot } from "../../../../core/device/link/snapshot.ts";
import type { SocketPort } from "../../../../objects/runtime.ts";
import type { ErrorCode } from "../../../../schema/errors.ts";
import type { Life } from "./life.ts";

export class FakeSocket implements SocketPort {
  bufferedBytes = 0;
  /** What it was closed with first; null while it is open. */
  closed: { readonly code: ErrorCode; readonly detail: string } | null = null;
  /** Frames that still leave the process. */
  framesLeft = Number.POSITIVE_INFINITY;
  #life: Life;
  readonly #onFrame: (frame: Uint8Array) => void;
  #saved: LinkSnapshot | null = null;

  /** @param life of the process that has it */
  constructor(life: Life, onFrame: (frame: Uint8Array) => void) {
    this.#life = life;
    this.#onFrame = onFrame;
  }

  /** Its object is in memory anew, and has it still. */
  movesTo(life: Life): void {
    this.#life = life;
  }

  send(frame: Uint8Array): void {
    if (this.#life.isDead || this.closed !== null || this.framesLeft === 0) return;
    this.framesLeft--;
    this.#onFrame(frame);
  }

  close(code: ErrorCode, detail: string): void {
    if (!this.#life.isDead) this.closed ??= { code, detail };
  }

  save(snapshot: LinkSnapshot | null): void {
    if (!this.#life.isDead) this.#saved = snapshot;
  }

  saved(): LinkSnapshot | null {
    return structuredClone(this.#saved);
  }

  /** The devices of the tests say so when they go. */
  silentSince(): null {
    return null;
  }
}
