/** A device of the control: a bare socket. */
import { type BenchDevice, DeviceEvents, type LinkKind, type Tally } from "./device.ts";
import type { Address } from "./http.ts";
import { WebSocketClient } from "./websocket.ts";

/** As long as an acknowledgement of the mesh's devices, envelope included. */
const ANSWER = new Uint8Array(20);

export class ControlDevice implements BenchDevice {
  readonly target: string;
  readonly #address: Address;
  readonly #events: DeviceEvents;
  #socket: WebSocketClient | null = null;

  constructor(address: Address, name: string, tally: Tally) {
    this.#address = address;
    this.target = name;
    this.#events = new DeviceEvents(tally);
  }

  get received(): number {
    return this.#events.received;
  }

  /** Touches its object, which is what making an account does on the other side. */
  async prepare(): Promise<void> {
    await this.connect("bare");
    this.disconnect();
  }

  async connect(kind: LinkKind): Promise<void> {
    const events = this.#events;
    const path = `/${kind === "replay" ? "replay" : "connect"}/${this.target}`;
    const socket = await WebSocketClient.open(this.#address, path, [], {
      onBinary: () => {
        if (kind === "answering") socket.send(ANSWER);
        events.countMessages(1);
      },
      onText: () => events.onText(),
      onClose: (reason) => events.onClose(reason),
    });
    this.#socket = socket;
  }

  disconnect(): void {
    this.#socket?.close();
    this.#socket = null;
  }

  ping(): Promise<void> {
    const pong = this.#events.pong();
    this.#socket?.ping();
    return pong;
  }

  until(count: number): Promise<void> {
    return this.#events.until(count);
  }
}
