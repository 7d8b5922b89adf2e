/** The Durable Object of one device: hands on to its shell what others ask of it, and what its WebSockets say. */
import { DurableObject } from "cloudflare:workers";
import type { AliasSuspension, WithdrawRequest } from "../../core/alias/types.ts";
import type { Claims } from "../../core/device/account.ts";
import type {
  AliasRequest,
  OpenAccountRequest,
  StatusRequest,
  TagsRequest,
} from "../../core/device/types.ts";
import type { RegistrationName } from "../../core/message/registration-name.ts";
import type { SendRequest } from "../../core/message/send.ts";
import type { DeliverRequest } from "../../core/tag/calls/fan-out.ts";
import type { DevicePart } from "../../schema/export.ts";
import { finish, LINK_SUBPROTOCOL, NORMAL_CLOSURE } from "../close.ts";
import type { DeviceShell } from "../device/device-shell.ts";
import { REGISTERED_HEADER } from "../interfaces/connect-answer.ts";
import { CONNECT_HEADERS, type DeviceImportRpc, type DeviceRpc } from "../interfaces/rpc.ts";
import { SqlDeviceStore } from "../storage/device-store.ts";
import { type DeviceEnv, durableDevice } from "./device-host.ts";
import { closeWith, DeviceSockets } from "./device-sockets.ts";
import { DurableRuntime } from "./runtime.ts";

export class DeviceObject extends DurableObject<DeviceEnv> implements DeviceRpc, DeviceImportRpc {
  readonly #runtime: DurableRuntime<SqlDeviceStore>;
  readonly #sockets: DeviceSockets;
  readonly #shell: DeviceShell;

  constructor(ctx: DurableObjectState, env: DeviceEnv) {
    super(ctx, env);
    const name = ctx.id.name ?? "";
    this.#runtime = new DurableRuntime(ctx, env, (rows) => new SqlDeviceStore(rows, name));
    this.#sockets = new DeviceSockets(ctx);
    this.#shell = durableDevice(this.#runtime, this.#sockets, () => this.env);
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
  }

  openAccount(request: OpenAccountRequest) {
    return this.#shell.openAccount(request);
  }

  send(request: SendRequest) {
    return this.#shell.send(request);
  }

  status(request: StatusRequest) {
    return this.#shell.status(request);
  }

  setTags(request: TagsRequest) {
    return this.#shell.setTags(request);
  }

  setAlias(request: AliasRequest) {
    return this.#shell.setAlias(request);
  }

  describe(request: RegistrationName) {
    return this.#shell.describe(request);
  }

  deliver(request: DeliverRequest) {
    return this.#shell.deliver(request);
  }

  suspendAlias(request: AliasSuspension) {
    return this.#shell.suspendAlias(request);
  }

  withdraw(request: WithdrawRequest) {
    return this.#shell.withdraw(request);
  }

  drain() {
    return this.#shell.drain();
  }

  write(parts: readonly DevicePart[]) {
    return this.#shell.write(parts);
  }

  /** A connect request that the edge has authenticated. */
  override async fetch(request: Request): Promise<Response> {
    const { 0: client, 1: server } = new WebSocketPair();
    const accept = () => this.#sockets.accept(server);
    const opened = this.#shell.connect(claimsOf(request.headers), accept);
    if (!opened.ok) {
      server.accept();
      closeWith(server, opened.code, opened.detail ?? "");
    }
    const headers = {
      "sec-websocket-protocol": LINK_SUBPROTOCOL,
      ...(opened.ok && this.#shell.isRegistered ? { [REGISTERED_HEADER]: "1" } : {}),
    };
    return new Response(null, { status: 101, webSocket: client, headers });
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    const port = this.#sockets.of(socket);
    port.heard(Date.now());
    await this.#shell.receive(port, message);
  }

  override async webSocketClose(socket: WebSocket): Promise<void> {
    const lost = this.#shell.lose(this.#sockets.of(socket));
    // Without an answer the device's own socket would wait in its closing state until it gives up.
    finish(socket, NORMAL_CLOSURE, "");
    await lost;
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    await this.#shell.lose(this.#sockets.of(socket));
  }

  override alarm(): Promise<void> {
    return this.#runtime.ring(() => this.#shell.onDeadline());
  }
}

/** What the edge verified before it let a connect request through. */
function claimsOf(headers: Headers): Claims {
  return {
    generation: Number(headers.get(CONNECT_HEADERS.generation)),
    publicKey: headers.get(CONNECT_HEADERS.publicKey) ?? "",
    tokenId: headers.get(CONNECT_HEADERS.tokenId) ?? "",
    tokenExpires: Number(headers.get(CONNECT_HEADERS.tokenExpires)),
  };
}
