/** A TCP connection to a broker, and the packets that were cut out of it. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Address } from "../client/http.ts";

/** Takes one packet from the front of `bytes`: how long it was, 0 where it is not whole yet. */
export type Cut = (bytes: Buffer) => number;

export class Wire {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket, cut: Cut) {
    this.#socket = socket;
    // A broker that is killed takes its connections with it: whoever waits has a time limit of its own.
    socket.on("error", () => {});
    socket.on("data", (bytes: Buffer) => {
      this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
      for (let length = cut(this.#received); length > 0; length = cut(this.#received)) {
        this.#received = this.#received.subarray(length);
      }
    });
  }

  static async open({ host, port }: Address, cut: Cut): Promise<Wire> {
    const socket = connect({ host, port, noDelay: true });
    await once(socket, "connect");
    return new Wire(socket, cut);
  }

  write(bytes: Buffer | string): void {
    this.#socket.write(bytes);
  }

  close(): void {
    this.#socket.destroy();
  }
}
