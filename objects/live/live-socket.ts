/** A listener's WebSocket. */
import type { Sink } from "../../core/live/host.ts";
import type { LiveText } from "../../core/live/text.ts";
import type { ErrorCode } from "../../schema/errors.ts";
import { closeWith } from "../close.ts";

/** The part of a WebSocket that it uses. */
interface ListenerSocket {
  readonly bufferedAmount: number;
  send(text: string): void;
  close(code: number, reason: string): void;
}

export class SocketSink implements Sink {
  readonly lag: Sink["lag"];
  readonly keep: Sink["keep"];
  readonly #socket: ListenerSocket;

  /** @param kept needed if the socket survives a sleep of its node */
  constructor(socket: ListenerSocket, kept: Pick<Sink, "lag" | "keep"> = { lag() {}, keep() {} }) {
    this.#socket = socket;
    this.lag = kept.lag;
    this.keep = kept.keep;
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  send(text: LiveText): void {
    try {
      this.#socket.send(text.json);
    } catch {
      // It is closed, and the event will follow.
    }
  }

  close(code: ErrorCode): void {
    closeWith(this.#socket, code, "");
  }
}
