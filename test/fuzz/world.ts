/** The edge on the real objects of the host `deno`, in this process and on a database in memory, with every call of an object recorded. */
import {
  createHmac,
  generateKeyPairSync,
  hash,
  type KeyObject,
  randomBytes,
  sign,
} from "node:crypto";
import { sealAppId } from "../../core/identity/app-id.ts";
import { type Keyring, keyringOf } from "../../core/identity/keyring.ts";
import { OPEN_POLICY } from "../../core/trust/policy.ts";
import { nodeCrypto } from "../../hosts/deno/crypto.ts";
import { LinkSocket, type LinkTransport } from "../../hosts/deno/objects/link-socket.ts";
import { Mesh } from "../../hosts/deno/objects/mesh.ts";
import { Database } from "../../hosts/deno/store/database.ts";
import {
  CHANNEL_LINK,
  CHANNEL_PUSH,
  decodeEnvelope,
  decodePushDown,
  encodeEnvelope,
  encodeLinkUp,
  encodePushUp,
  PROTOCOL_REVISION,
  type PushDown,
  type WritablePushUp,
} from "../../schema/generated/link.ts";
import { app as edge } from "../../worker/app.ts";
import type { Env, ObjectNamespace } from "../../worker/env.ts";
import { SenderLinks } from "../../worker/sender/sender-links.ts";

export const MESH_KEYS = `1:${Buffer.alloc(32, 7).toString("base64url")}`;
const ADMIN_TOKEN = "the-token-of-the-owner";
const EXECUTION = { waitUntil() {}, passThroughOnException() {}, props: {} };
/** Says that a socket or a stream was opened: there is none here. */
export const OPENED = "x-opened";

export const text64 = (bytes: number): string => randomBytes(bytes).toString("base64url");
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

export interface App {
  readonly appId: string;
  /** As objects name it. */
  readonly name: string;
  readonly keyId: string;
  readonly secret: Buffer;
}

/** The device's end of a link: acknowledges what it gets. */
export class Device implements LinkTransport {
  readonly name: string;
  readonly keys = generateKeyPairSync("ed25519");
  readonly bufferedAmount = 0;
  regId = "";
  slot = 0;
  isOpen = true;
  /** The code of the last close. */
  closedWith = 0;
  readonly #mesh: Mesh;
  #port = new LinkSocket(this);
  #registered: (frame: PushDown) => void = () => {};

  constructor(mesh: Mesh, name = text64(16)) {
    this.#mesh = mesh;
    this.name = name;
  }

  get publicKey(): string {
    return this.keys.publicKey.export({ format: "jwk" }).x ?? "";
  }

  /** Opens a link. */
  async dial(): Promise<void> {
    const shell = this.#mesh.device(this.name);
    const { publicKey } = this;
    const account = await shell.openAccount({ publicKey, handoverFrom: null });
    const generation = account.ok ? account.generation : 1;
    const tokenExpires = Math.floor(Date.now() / 1_000) + 60;
    const claims = { generation, publicKey, tokenId: text64(12), tokenExpires };
    const opened = shell.connect(claims, () => this.#port);
    if (!opened.ok) throw new Error(`no link: ${opened.code}`);
    const hello = { kind: "hello", value: { revision: PROTOCOL_REVISION } } as const;
    await this.frame(encodeEnvelope({ channel: CHANNEL_LINK, body: encodeLinkUp(hello) }));
  }

  async register({ appId }: App): Promise<void> {
    const answer = new Promise<PushDown>((resolve) => {
      this.#registered = resolve;
    });
    await this.push({ kind: "register", value: { request: 1, appId } });
    const frame = await answer;
    if (frame.kind !== "registered") throw new Error(`not registered: ${frame.kind}`);
    ({ slot: this.slot, regId: this.regId } = frame.value.registration);
    await this.push({ kind: "attach", value: { slot: this.slot } });
  }

  push(frame: WritablePushUp): Promise<void> {
    return this.frame(encodeEnvelope({ channel: CHANNEL_PUSH, body: encodePushUp(frame) }));
  }

  /** What the mesh receives as one message. */
  async frame(bytes: Uint8Array): Promise<void> {
    await this.#mesh.device(this.name).receive(this.#port, Uint8Array.from(bytes).buffer);
  }

  send(bytes: Uint8Array): void {
    const { channel, body } = decodeEnvelope(bytes);
    if (channel !== CHANNEL_PUSH) return;
    const frame = decodePushDown(body);
    if (frame.kind === "registered") this.#registered(frame);
    if (frame.kind !== "deliver") return;
    const acks = frame.value.messages.map(({ slot, priority, seq }) => ({ slot, priority, seq }));
    queueMicrotask(() => void this.push({ kind: "acks", value: acks }));
  }

  close(code: number): void {
    this.isOpen = false;
    this.closedWith = code;
  }

  /** Another link, after one that was closed. */
  async reopen(): Promise<void> {
    await this.lose();
    this.#port = new LinkSocket(this);
    this.isOpen = true;
    await this.dial();
  }

  async lose(): Promise<void> {
    await this.#mesh.device(this.name).lose(this.#port);
  }
}

/** Wraps what a namespace gives, so that each call of a method is told. */
function recorded<Rpc extends object>(
  { getByName }: ObjectNamespace<Rpc>,
  note: (name: string, method: string) => void,
): ObjectNamespace<Rpc> {
  return {
    getByName: (name) =>
      new Proxy(getByName(name), {
        get(object, method) {
          const found: unknown = Reflect.get(object, method, object);
          if (typeof found !== "function") return found;
          return (...given: unknown[]): unknown => {
            note(name, `${String(method)}`);
            return Reflect.apply(found, object, given);
          };
        },
      }),
  };
}

/** A call of an object: its kind, its name, its method. */
export interface Call {
  readonly kind: string;
  readonly name: string;
  readonly method: string;
}

export interface Answered {
  readonly response: Response;
  readonly calls: readonly Call[];
  /** What the edge logged: nothing, unless it failed. */
  readonly logged: string;
}

export class World {
  readonly mesh: Mesh;
  readonly adminToken = ADMIN_TOKEN;
  readonly keyring: Keyring;
  readonly apps: App[] = [];
  /** One more, without devices. */
  scratch: App = { appId: "", name: "", keyId: "", secret: Buffer.alloc(0) };
  readonly devices: Device[] = [];
  /** Failures that no caller saw. */
  readonly reported: unknown[] = [];
  readonly #env: Env;
  #calls: Call[] = [];

  private constructor() {
    const keyring = keyringOf(MESH_KEYS);
    if (typeof keyring === "string") throw new Error(keyring);
    this.keyring = keyring;
    const report = (error: unknown): void => void this.reported.push(error);
    this.mesh = new Mesh({ db: new Database(":memory:"), keyring, report });
    const { bindings } = this.mesh;
    const note = (kind: string) => (name: string, method: string) =>
      this.#calls.push({ kind, name, method });
    const opened = (kind: string, name: string): Response => {
      this.#calls.push({ kind, name, method: "open" });
      return new Response(null, { status: 204, headers: { [OPENED]: "yes" } });
    };
    const refuse = (_request: Request, { code }: { code: string }): Response =>
      new Response(null, { status: 204, headers: { [OPENED]: code } });
    this.#env = {
      DEVICES: recorded(bindings.DEVICES, note("device")),
      TAGS: recorded(bindings.TAGS, note("tag")),
      ALIASES: recorded(bindings.ALIASES, note("alias")),
      TAG_DIRECTORIES: recorded(bindings.TAG_DIRECTORIES, note("tagDirectory")),
      LIVE_NODES: recorded(bindings.LIVE_NODES, note("live")),
      APPS: recorded(bindings.APPS, note("app")),
      WEBHOOKS: recorded(bindings.WEBHOOKS, note("webhook")),
      APP_DIRECTORY: recorded(bindings.APP_DIRECTORY, note("directory")),
      MESH_KEYS,
      ADMIN_TOKEN,
      CRYPTO: nodeCrypto,
      LINK_HOST: { open: async (_request, name) => opened("device", name), refuse },
      LIVE_HOST: {
        regionOf: () => "local",
        open: async (_request, { app }) => opened("live", app),
        refuse,
      },
      SENDERS: new SenderLinks({
        maxCalls: null,
        yield: async () => {},
        accept: () => ({
          socket: { bufferedBytes: 0, silentMs: () => 0, send() {}, close() {} },
          answer: opened("sender", ""),
        }),
      }),
    };
  }

  /** Two apps, each with devices of its own that are linked, in tags and behind aliases. */
  static async make(): Promise<World> {
    const world = new World();
    for (let at = 0; at < 2; at++) {
      const app = await world.#app();
      world.apps.push(app);
      for (let n = 0; n < 2; n++) {
        const device = new Device(world.mesh);
        await device.dial();
        await device.register(app);
        const { slot } = device;
        const tags = { request: 2, slot, add: ["news", "é", `own-${n}`], remove: [] };
        await device.push({ kind: "subscribe", value: tags });
        const alias = { request: 3, slot, alias: `user-${n}`, held: true };
        await device.push({ kind: "setAlias", value: alias });
        world.devices.push(device);
      }
    }
    world.scratch = await world.#app();
    return world;
  }

  async #app(): Promise<App> {
    const bytes = randomBytes(8);
    const appId = sealAppId(this.keyring, bytes);
    const object = this.mesh.peers.app(appId);
    await object.create("fuzzed", OPEN_POLICY);
    const secret = randomBytes(32);
    const key = await object.addKey("hmac-sha256", Uint8Array.from(secret));
    if (key === null || key === "full") throw new Error("no key");
    return { appId, name: bytes.toString("base64url"), keyId: key.keyId, secret };
  }

  devicesOf(app: App): readonly Device[] {
    const first = this.apps.indexOf(app) * 2;
    return this.devices.slice(first, first + 2);
  }

  async ask(request: Request): Promise<Answered> {
    this.#calls = [];
    const { error } = console;
    let logged = "";
    console.error = (...given: unknown[]) => {
      logged += given.map((one) => (one instanceof Error ? one.stack : `${one}`)).join(" ");
    };
    try {
      const response = await edge.fetch(request, this.#env, EXECUTION);
      return { response, calls: this.#calls, logged };
    } finally {
      console.error = error;
    }
  }

  close(): void {
    this.mesh.close();
  }
}

/** A compact JWS. */
export function jws(header: object, claims: object, key: KeyObject | Buffer): string {
  const text = `${part(header)}.${part(claims)}`;
  const signature = Buffer.isBuffer(key)
    ? createHmac("sha256", key).update(text).digest()
    : sign(null, Buffer.from(text), key);
  return `${text}.${signature.toString("base64url")}`;
}

/** Headers of a signed request (docs/api.md). */
export function signatureOf(
  { keyId, secret }: Pick<App, "keyId" | "secret">,
  request: { readonly method: string; readonly path: string; readonly body: string | null },
  idempotencyKey: string | null,
): Record<string, string> {
  const { method, path, body } = request;
  const [pathname = "", query] = path.split(/(?=\?)/);
  const components: [string, string][] = [
    ["@method", method],
    ["@path", pathname],
  ];
  if (query !== undefined) components.push(["@query", query]);
  const digest = body === null ? null : `sha-256=:${hash("sha256", body, "base64")}:`;
  if (digest !== null) components.push(["content-digest", digest]);
  if (idempotencyKey !== null) components.push(["idempotency-key", idempotencyKey]);
  const names = components.map(([name]) => `"${name}"`).join(" ");
  const created = Math.floor(Date.now() / 1_000);
  const params = `(${names});created=${created};keyid="${keyId}";alg="hmac-sha256";nonce="${text64(9)}"`;
  const lines = components.map(([name, value]) => `"${name}": ${value}\n`).join("");
  const base = `${lines}"@signature-params": ${params}`;
  const signature = createHmac("sha256", secret).update(base).digest("base64");
  return {
    "signature-input": `sig=${params}`,
    signature: `sig=:${signature}:`,
    ...(digest === null ? {} : { "content-digest": digest }),
    ...(idempotencyKey === null ? {} : { "idempotency-key": idempotencyKey }),
  };
}
