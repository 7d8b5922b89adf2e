/** The device's current link, if it has one; its parts send on it. */
import { encodeBriefly } from "../../schema/codec/writer.ts";
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

  /** @param bufferedBytes returns the unsent bytes of the socket */
  constructor(bufferedBytes: () => number) {
    this.#bufferedBytes = bufferedBytes;
  }

  /** Unsent bytes of the socket. */
  get bufferedBytes(): number {
    return this.#bufferedBytes();
  }

  /** Whether hello and welcome were exchanged. */
  get isReady(): boolean {
    return this.link?.ready ?? false;
  }

  /** Whether the app of this registration is listening on it. */
  reaches(registration: Registration): boolean {
    return registration.attached && this.isReady;
  }

  /** The same, for broadcasts: outside its accept times it is like one whose app does not listen. */
  reachesWithBroadcasts(registration: Registration): boolean {
    return this.reaches(registration) && !registration.isQuiet;
  }

  /** Sends one frame on the push channel. Does nothing without a link. */
  send(frame: WritablePushDown, context: Context): void {
    this.sendBytes(encodePushDown(frame, encodeBriefly), context);
  }

  /** Sends one frame that only the app of a registration may read, if that has a key. */
  sendTo(registration: Registration, frame: WritablePushDown, context: Context): void {
    this.sendBytesTo(registration, encodePushDown(frame, encodeBriefly), context);
  }

  /** Like `sendTo`, for an encoded frame. */
  sendBytesTo({ seal }: Registration, frame: Uint8Array, context: Context): void {
    this.sendBytes(seal === null ? frame : seal.seal(frame, context.now), context);
  }

  /** Like `send`, for an encoded frame. */
  sendBytes(frame: Uint8Array, context: Context): void {
    this.link?.send(CHANNEL_PUSH, frame, context);
  }
}
