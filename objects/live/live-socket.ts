/** A listener's WebSocket, on every host. */
import type { Sink } from "../../core/live/host.ts";
import type { LiveText } from "../../core/live/text.ts";
import type { ErrorCode } from "../../schema/errors.ts";
import { closeCodeOf, closeReason, finish } from "../close.ts";

/** The part of a WebSocket that is needed here. */
interface ListenerSocket {
  readonly bufferedAmount: number;
  send(text: string): void;
  close(code: number, reason: string): void;
}

export class SocketSink implements Sink {
  readonly lag: Sink["lag"];
  readonly #socket: ListenerSocket;

  /** @param lag where the socket outlives a sleep of its node */
  constructor(socket: ListenerSocket, lag: Sink["lag"] = () => {}) {
    this.#socket = socket;
    this.lag = lag;
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  send(text: LiveText): void {
    try {
      this.#socket.send(text.json);
    } catch {
      // It was closed, and that event is on its way.
    }
  }

  close(code: ErrorCode): void {
    finish(this.#socket, closeCodeOf(code), closeReason(code, ""));
  }
}
