/** A scripted mesh in one process: the host's WebSocket and fetch, with real proofs and a clock that tests move. */
import { createPublicKey, verify } from "node:crypto";
import { ERRORS, type ErrorCode } from "../../../../schema/errors.ts";
import {
  type Broadcast,
  type Message,
  Priority,
  type Registration,
  type Welcome,
} from "../../../../schema/generated/link.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import {
  type ConnectOptions,
  connect,
  type Host,
  memoryStorage,
  type PushClient,
  type PushError,
  type PushMessage,
  type StateChange,
  type Storage,
} from "../../../../sdk/device/mod.ts";
import { FakeClock, until } from "./clock.ts";
import type { FakeSealing } from "./sealing.ts";
import { connectBySocket } from "./service.ts";
import { connectByWorker, type EngineKind, sharing } from "./shared.ts";
import { FakeSocket, type Held, type SocketOwner } from "./socket.ts";

/** An appId as the mesh would make it. */
export const APP = "A".repeat(22);

interface Jwt {
  readonly header: { alg: string; typ: string; jwk?: { x: string } };
  readonly claims: {
    aud: string;
    iat: number;
    exp: number;
    jti: string;
    ids?: string[];
    cred?: string;
  };
}

/** Times from 2024 on, as a seq: see docs/protocol.md, section 6. */
export function seqAt(ms: number, counter = 0): number {
  return (ms - Date.UTC(2024)) * 4_096 + counter;
}

export class FakeMesh implements SocketOwner {
  readonly clock = new FakeClock();
  readonly sockets: FakeSocket[] = [];
  readonly registrations: Registration[] = [];
  readonly #held = new Map<number, Held>();
  /** Undefined: a mesh of an older version, which seals nothing. */
  sealing: FakeSealing | undefined;
  readonly violations: string[] = [];
  readonly requests: string[] = [];
  /** Unhandled errors of the SDK. */
  readonly reported: unknown[] = [];
  auto = true;
  welcome: Partial<Welcome> = {};
  /** How far the mesh's clock and the device's were set, milliseconds. */
  skewMs = 0;
  deviceSkewMs = 0;
  /** Refuses the next account requests. */
  readonly refuse: { code: ErrorCode; retryAfterSeconds?: number }[] = [];
  /** Network failures to come, of fetch. */
  offline = false;
  generation = 1;
  random = 0.5;
  online: (() => void) | undefined;
  wentOffline: (() => void) | undefined;
  #accounts = new Map<string, { x: string; ids: readonly string[] }>();
  #usedTokens = new Set<string>();
  #nextSlot = 0;

  now(): number {
    return this.clock.now + this.skewMs;
  }

  /** Accounts that were made, with another key or other identifiers each. */
  get devices(): number {
    return new Set([...this.#accounts.values()].map((account) => JSON.stringify(account))).size;
  }

  readonly host: Host = {
    openSocket: (url, protocols, events) => {
      const socket = new FakeSocket(this, url, protocols, events);
      this.sockets.push(socket);
      this.#checkToken(protocols);
      if (this.auto) setImmediate(() => socket.open());
      return socket;
    },
    fetch: (url, init) => this.#fetch(new URL(url), init),
    crypto,
    now: () => this.clock.now + this.deviceSkewMs,
    elapsed: () => this.clock.now,
    after: this.clock.after,
    random: () => this.random,
    onOffline: (act) => {
      this.wentOffline = act;
      return () => {
        this.wentOffline = undefined;
      };
    },
    onOnline: (act) => {
      this.online = act;
      return () => {
        this.online = undefined;
      };
    },
    report: (error) => this.reported.push(error),
  };

  register(appId: string): Registration {
    const held = this.registrations.find((registration) => registration.appId === appId);
    if (held !== undefined) return held;
    const slot = this.#nextSlot++;
    const registration = {
      slot,
      appId,
      regId: `reg-${appId.slice(0, 4)}-${this.generation}-${slot}`,
      ...(this.sealing && { identity: `id-${this.generation}-${slot}` }),
    };
    this.registrations.push(registration);
    return registration;
  }

  held(slot: number): Held {
    if (!this.registrations.some((registration) => registration.slot === slot)) {
      this.violations.push(`a command for slot ${slot}, which is not registered`);
    }
    const held = this.#held.get(slot) ?? { tags: new Set(), aliases: new Set() };
    this.#held.set(slot, held);
    return held;
  }

  /** The newest socket. */
  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error("no socket was opened");
    return socket;
  }

  /** The socket number `n`, from 1, once the device has said hello on it. */
  async link(n: number): Promise<FakeSocket> {
    return until(() => {
      const socket = this.sockets[n - 1];
      return socket?.hello !== undefined && socket;
    }, `link ${n}`);
  }

  #seq = 0;

  /** A message of text to slot 0, with the next seq and a key of its own. */
  message(text: string, overrides: Partial<Message> = {}): Message {
    const n = ++this.#seq;
    const key = new Uint8Array(9);
    new DataView(key.buffer).setUint32(5, n);
    return {
      slot: 0,
      seq: seqAt(this.now(), n),
      key,
      priority: Priority.NORMAL,
      contentType: 2,
      data: new TextEncoder().encode(text),
      expiresAtMs: this.now() + 3_600_000,
      ...overrides,
    };
  }

  readonly #positions = new Map<number, number>();

  /** A broadcast of text to slot 0, at the next position of its tag and with a key of its own. */
  broadcast(text: string, overrides: Partial<Broadcast> = {}): Broadcast {
    const { priority, contentType, ...message } = this.message(text);
    const { tagRef = 7 } = overrides;
    const position = (this.#positions.get(tagRef) ?? 0) + 1;
    this.#positions.set(tagRef, position);
    return {
      ...message,
      tagRef,
      tag: `tag-${tagRef}`,
      position,
      source: "S".repeat(32),
      priority,
      contentType,
      ...overrides,
    };
  }

  async #fetch(url: URL, init: RequestInit): Promise<Response> {
    if (url.pathname === "/v1/link-keys") {
      if (this.offline) throw new TypeError("fetch failed");
      if (this.sealing === undefined) return problem("not_found");
      return Response.json(await this.sealing.linkKeys());
    }
    this.requests.push(`${init.method ?? "GET"} ${url.pathname}`);
    if (this.offline) throw new TypeError("fetch failed");
    if (url.pathname === "/healthz") return Response.json({ status: "ok", now: this.now() });
    const refused = this.refuse.shift();
    if (refused !== undefined) return problem(refused.code, refused.retryAfterSeconds);
    const { proof } = JSON.parse(String(init.body));
    const { header, claims } = readJwt(proof, header_x(proof));
    if (!this.#isFresh(claims)) return problem("proof_expired");
    if (header.typ !== "pushmesh-account+jwt") this.violations.push(`proof typ ${header.typ}`);
    const ids = claims.ids ?? [];
    if (ids.length < 1 || ids.length > 8 || new Set(ids).size !== ids.length) {
      this.violations.push("ids out of bounds");
    }
    const credential = `cred-${this.generation}-${ids.join()}`;
    this.#accounts.set(credential, { x: header.jwk?.x ?? "", ids });
    const deviceId = ids.join();
    return Response.json({ deviceId, generation: this.generation, credential, now: this.now() });
  }

  /** Forgets every account: their credentials are void. */
  dropAccounts(): void {
    this.#accounts.clear();
    this.registrations.length = 0;
    this.generation++;
  }

  /** Why the newest socket's token is no good, by name; undefined for a good one. */
  tokenFault: ErrorCode | undefined;

  #checkToken(protocols: readonly string[]): void {
    const [version, offered = ""] = protocols;
    const token = offered.replace(/^pushmesh\.token\./, "");
    if (version !== "pushmesh.v1" || token === offered) this.violations.push("subprotocols");
    const { claims } = readJwt(token, undefined);
    const account = this.#accounts.get(claims.cred ?? "");
    this.tokenFault = undefined;
    if (account === undefined) this.tokenFault = "token_invalid";
    else if (readJwt(token, account.x).header.typ !== "pushmesh-connect+jwt") {
      this.violations.push("token typ");
    } else if (!this.#isFresh(claims)) this.tokenFault = "token_expired";
    else if (this.#usedTokens.has(claims.jti)) this.tokenFault = "token_replayed";
    this.#usedTokens.add(claims.jti);
    const fault = this.tokenFault;
    if (fault === undefined || !this.auto) return;
    const socket = this.socket;
    setImmediate(() => socket.end(ERRORS[fault].close ?? 0, fault));
  }

  #isFresh({ iat, exp, aud, jti }: Jwt["claims"]): boolean {
    if (aud !== "pushmesh" || jti.length < 8 || exp - iat > LIMITS.TOKEN_MAX_AGE_SECONDS) {
      this.violations.push("claims");
    }
    const now = this.now() / 1_000;
    return iat <= now + LIMITS.CLOCK_SKEW_SECONDS && now < exp + LIMITS.CLOCK_SKEW_SECONDS;
  }
}

function header_x(token: string): string {
  const header = JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString());
  return header.jwk.x;
}

/** Reads a JWT, and verifies it where a key is given. */
function readJwt(token: string, x: string | undefined): Jwt {
  const [header = "", claims = "", signature = ""] = token.split(".");
  if (x !== undefined) {
    const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
    const signed = Buffer.from(`${header}.${claims}`);
    if (!verify(null, signed, key, Buffer.from(signature, "base64url"))) {
      throw new Error("a signature does not verify");
    }
  }
  const read = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString());
  return { header: read(header), claims: read(claims) };
}

function problem(code: ErrorCode, retryAfterSeconds?: number): Response {
  const { status, retry, title, advice } = ERRORS[code];
  const headers: Record<string, string> = { "content-type": "application/problem+json" };
  if (retryAfterSeconds !== undefined) headers["retry-after"] = String(retryAfterSeconds);
  const body = { type: "about:blank", title, status, code, detail: title, retry, advice };
  return new Response(JSON.stringify(body), { status: status ?? 500, headers });
}

/** A client with everything it says, kept. */
export interface Device {
  readonly client: PushClient;
  readonly states: StateChange[];
  readonly errors: PushError[];
  readonly regIds: string[];
}

/** Where clients have their engines, unless they want one of their own: tests of clients run in several projects. */
const ENGINE = process.env["PUSHMESH_TEST_ENGINE"] as EngineKind | undefined;

function connectAs(
  engine: EngineKind | undefined,
  given: Parameters<typeof connectByWorker>[0],
): Promise<PushClient> {
  if (engine === "service") return connectBySocket(given);
  if (engine === "worker") return connectByWorker(given);
  return connect(engine === "tab" ? { ...given, storage: sharing(given.storage) } : given);
}

/** A client of the fake mesh; its storage is new unless one is given. */
export async function start(
  mesh: FakeMesh,
  options: Partial<ConnectOptions> = {},
): Promise<Device> {
  const engine = options.share === false ? "alone" : ENGINE;
  const storage = options.storage ?? memoryStorage();
  const given = { url: "https://push.test", appId: APP, host: mesh.host, ...options, storage };
  const client = await connectAs(engine, given);
  const device: Device = { client, states: [], errors: [], regIds: [] };
  client.onState((change) => device.states.push(change));
  client.onError((error) => device.errors.push(error));
  client.onRegId((regId) => device.regIds.push(regId));
  return device;
}

export const reaches = (device: Device, state: string): Promise<true> =>
  until(() => device.client.state === state && true, state);

/** The states so far, without times. */
export const statesOf = ({ states }: Device): string[] =>
  states.map(({ state, error }) => (error === undefined ? state : `${state} ${error.code}`));

/** A device that is registered, listens and keeps what it gets. */
export async function listening(mesh: FakeMesh, storage?: Storage) {
  const device = await start(mesh, storage === undefined ? {} : { storage });
  const got: PushMessage[] = [];
  device.client.onMessage((message) => {
    got.push(message);
  });
  const regId = await device.client.register();
  await until(() => mesh.socket.attached.size === 1, "the attach");
  const texts = (): unknown[] => got.map(({ data }) => data);
  return { ...device, got, texts, regId };
}

/** A storage whose writes take a turn of the event loop, as those of every real one do. */
export function turningStorage(): Storage {
  const inner = memoryStorage();
  return {
    ...inner,
    set: async (key, value) => {
      await new Promise<void>((resolve) => setImmediate(resolve));
      await inner.set(key, value);
    },
  };
}

/** A promise and what settles it. */
export function gate() {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}
