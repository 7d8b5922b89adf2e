/** The link of a device, if it has one now: what its parts send on. */
import {
  CHANNEL_PUSH,
  encodePushDown,
  type WritablePushDown,
} from "../../schema/generated/link.ts";
import type { Context } from "../link/effects.ts";
import type { Link } from "../link/link.ts";
import type { Registration } from "./registration.ts";

export class CurrentLink {
  /** Null without a link. */
  link: Link | null = null;
  readonly #bufferedBytes: () => number;

  /** @param bufferedBytes bytes that the socket holds unsent */
  constructor(bufferedBytes: () => number) {
    this.#bufferedBytes = bufferedBytes;
  }

  /** Bytes that the socket holds unsent. */
  get bufferedBytes(): number {
    return this.#bufferedBytes();
  }

  /** Whether hello was exchanged. */
  get isReady(): boolean {
    return this.link?.ready ?? false;
  }

  /** Whether the app of a registration listens on it. */
  reaches(registration: Registration): boolean {
    return registration.attached && this.isReady;
  }

  /** Sends one frame of the push channel; nothing without a link. */
  send(frame: WritablePushDown, context: Context): void {
    this.sendBytes(encodePushDown(frame), context);
  }

  /** Likewise, where the frame is encoded already. */
  sendBytes(frame: Uint8Array, { effects }: Context): void {
    this.link?.send(CHANNEL_PUSH, frame, effects);
  }
}
