/** The Durable Object of one device: passes on to its shell what others call, and what its WebSockets receive. */
import { finish, NORMAL_CLOSURE } from "../close.ts";
import { claimsIn } from "../interfaces/connections.ts";
import { type Alarmed, DEVICE_METHODS } from "../interfaces/methods.ts";
import type { DeviceImportRpc, DeviceRpc } from "../interfaces/rpc.ts";
import { type DeviceEnv, durableDevice } from "./device-host.ts";
import { DeviceSockets } from "./device-sockets.ts";
import { durableObject, SHELL } from "./object.ts";

export class DeviceObject extends durableObject<DeviceRpc & DeviceImportRpc & Alarmed, DeviceEnv>(
  DEVICE_METHODS,
) {
  readonly #sockets = new DeviceSockets(this.ctx);
  override readonly [SHELL] = durableDevice(this.ctx, this.#sockets, () => this.env);

  /** A connect request that the edge has authenticated. */
  override async fetch({ headers }: Request): Promise<Response> {
    const shell = this[SHELL];
    return this.#sockets.open((accept) => {
      const opened = shell.connect(claimsIn(headers), accept);
      return { opened, isRegistered: opened.ok && shell.isRegistered };
    });
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    await this[SHELL].receive(this.#sockets.heard(socket), message);
  }

  override async webSocketClose(socket: WebSocket): Promise<void> {
    const lost = this[SHELL].lose(this.#sockets.of(socket));
    // Otherwise the device's own socket would stay in its closing state until it gives up.
    finish(socket, NORMAL_CLOSURE, "");
    await lost;
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    await this[SHELL].lose(this.#sockets.of(socket));
  }
}
