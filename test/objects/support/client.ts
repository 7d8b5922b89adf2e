/** A device of the tests on the real object: its RPC stub, and its link over a real WebSocket. */
import { env } from "cloudflare:workers";
import { sealAppId } from "../../../core/identity/app-id.ts";
import { type Keyring, keyringOf } from "../../../core/identity/keyring.ts";
import type { SendRequest } from "../../../core/message/send.ts";
import { OPEN_POLICY } from "../../../core/trust/policy.ts";
import type { AppObject } from "../../../objects/durable/app.ts";
import type { DeviceObject } from "../../../objects/durable/device.ts";
import { connectHeaders } from "../../../objects/interfaces/connections.ts";
import type { Hello } from "../../../schema/generated/link.ts";
import { toBase64Url } from "../../../schema/text.ts";
import { hello } from "../../core/device/support/frames.ts";
import { DeviceEnd } from "./device-end.ts";

/** The bindings that these tests use, with the stubs of the platform. */
interface Bindings {
  readonly DEVICES: DurableObjectNamespace<DeviceObject>;
  readonly APPS: DurableObjectNamespace<AppObject>;
  readonly MESH_KEYS: string;
}

export const mesh = env as unknown as Bindings;
const utf8 = new TextEncoder();

export const randomText = (bytes: number): string =>
  toBase64Url(crypto.getRandomValues(new Uint8Array(bytes)));

/** The object of a device that was never heard of. */
export function newStub(): DurableObjectStub<DeviceObject> {
  return mesh.DEVICES.getByName(randomText(16));
}

/** The keys of the mesh under test. */
export function meshKeyring(): Keyring {
  const keyring = keyringOf(mesh.MESH_KEYS);
  if (typeof keyring === "string") throw new Error(keyring);
  return keyring;
}

/** An app that the mesh issued: its bytes as a regId carries them, and its public ID. */
export function newApp(): { app: string; appId: string } {
  const keyring = meshKeyring();
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return { app: toBase64Url(bytes), appId: sealAppId(keyring, bytes) };
}

/** One that was also made, and that any device may use. */
export async function openedApp(): Promise<{ app: string; appId: string }> {
  const one = newApp();
  await mesh.APPS.getByName(one.appId).create("test", OPEN_POLICY);
  return one;
}

/** One WebSocket of a device. */
export class Socket extends DeviceEnd {
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    super((frame) => socket.send(frame));
    this.#socket = socket;
    socket.accept();
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) =>
      this.arrive(typeof data === "string" ? data : new Uint8Array(data)),
    );
    socket.addEventListener("close", ({ code, reason }) => this.end({ code, reason }));
  }

  close(): void {
    this.#socket.close(1000, "");
  }
}

/** A device with its account made. */
export class Client {
  readonly stub: DurableObjectStub<DeviceObject>;
  readonly publicKey: string;

  private constructor(stub: DurableObjectStub<DeviceObject>, publicKey: string) {
    this.stub = stub;
    this.publicKey = publicKey;
  }

  static async create(): Promise<Client> {
    const client = new Client(newStub(), randomText(32));
    await client.stub.openAccount({ publicKey: client.publicKey, handoverFrom: null });
    return client;
  }

  /** Opens a socket and says nothing on it. */
  async dial(
    claims: { jti?: string; publicKey?: string; generation?: number } = {},
  ): Promise<Socket> {
    const { jti = randomText(12), publicKey = this.publicKey, generation = 1 } = claims;
    const tokenExpires = Math.floor(Date.now() / 1_000) + 60;
    const headers = connectHeaders({ generation, publicKey, tokenId: jti, tokenExpires });
    const response = await this.stub.fetch("https://device/connect", { headers });
    if (response.webSocket === null) throw new Error(`no socket: ${response.status}`);
    return new Socket(response.webSocket);
  }

  /** Opens a link, and waits for its welcome. */
  async connect(greeting: Partial<Hello> = {}): Promise<Socket> {
    const socket = await this.dial();
    socket.send(hello(greeting));
    await socket.expect("welcome");
    return socket;
  }

  /** Opens a link with an app registered in slot 1 and attached. */
  async online(): Promise<{ socket: Socket; app: string }> {
    const { app, appId } = await openedApp();
    const socket = await this.connect();
    socket.command({ kind: "register", value: { request: 1, appId } });
    const { value } = await socket.expect("registered");
    socket.command({ kind: "attach", value: { slot: value.registration.slot } });
    await socket.synced();
    return { socket, app };
  }

  send(app: string, fields: Partial<SendRequest> = {}) {
    return this.stub.send({
      app,
      generation: 1,
      key: crypto.getRandomValues(new Uint8Array(9)),
      lane: 2,
      contentType: 2,
      data: utf8.encode("hello"),
      ttlSeconds: 3_600,
      collapseKey: null,
      onOverflow: "drop_oldest",
      waitMs: 5_000,
      ...fields,
    });
  }
}

/** A device with the app in slot 1 that listens. */
export async function listeningClient(appId: string): Promise<{ client: Client; socket: Socket }> {
  const client = await Client.create();
  const socket = await client.connect();
  socket.command({ kind: "register", value: { request: 1, appId } });
  await socket.expect("registered");
  socket.command({ kind: "attach", value: { slot: 1 } });
  await socket.synced();
  return { client, socket };
}
