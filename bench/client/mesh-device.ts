/** A device of the mesh: the least that docs/protocol.md asks of one. It acknowledges at once, and shows nothing to nobody. */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Ack,
  type Broadcast,
  CHANNEL_LINK,
  CHANNEL_PUSH,
  type Cursor,
  decodeEnvelope,
  decodeLinkDown,
  decodePushDown,
  encodeEnvelope,
  encodeLinkUp,
  encodePushUp,
  type Hello,
  type Message,
  PROTOCOL_REVISION,
  type PushDown,
  type Registration,
  type WritablePushUp,
} from "../../schema/generated/link.ts";
import type { DeviceAnswerBody } from "../../schema/http.ts";
import { type BenchDevice, DeviceEvents, type Tally } from "./device.ts";
import { type Address, formatRequest, HttpConnection } from "./http.ts";
import { DeviceSeal } from "./sealed.ts";
import { WebSocketClient } from "./websocket.ts";

/** Life of a token, which the mesh bounds by 120 s. */
const TOKEN_SECONDS = 60;
const JSON_TYPE = { "content-type": "application/json" };

export class MeshDevice implements BenchDevice {
  readonly #address: Address;
  readonly #appId: string;
  readonly #events: DeviceEvents;
  readonly #isSealed: boolean;
  /** Null if it has no key with the mesh. */
  #seal: DeviceSeal | null = null;
  #registration: Registration | null = null;
  readonly #keys = generateKeyPairSync("ed25519");
  #credential = "";
  #regId = "";
  #slot: number | undefined;
  #socket: WebSocketClient | null = null;
  /** Of the welcome. */
  #session: Uint8Array = new Uint8Array();
  /** Waits for the welcome, then for the registration. */
  #stepped: (() => void) | null = null;

  constructor(address: Address, appId: string, tally: Tally, isSealed: boolean) {
    this.#isSealed = isSealed;
    this.#address = address;
    this.#appId = appId;
    this.#events = new DeviceEvents(tally);
  }

  get target(): string {
    return this.#regId;
  }

  get received(): number {
    return this.#events.received;
  }

  async prepare(): Promise<void> {
    const proof = signToken(this.#keys.privateKey, "pushmesh-account+jwt", {
      jwk: this.#keys.publicKey.export({ format: "jwk" }),
      claims: { ids: [randomBytes(32).toString("base64url")] },
    });
    this.#credential = await this.#account(JSON.stringify({ proof }));
    await this.connect();
    const registered = this.#step();
    if (this.#isSealed) this.#seal = await DeviceSeal.make(this.#address, this.#appId);
    const setup = this.#seal === null ? {} : { setup: this.#seal.setup };
    this.#push({ kind: "register", value: { request: 1, appId: this.#appId, ...setup } });
    await registered;
    this.disconnect();
  }

  /** As long as the mesh says that too many begin at once: in front of workerd they are bounded. */
  async #account(body: string): Promise<string> {
    for (;;) {
      const http = await HttpConnection.open(this.#address);
      const answer = await http.request(formatRequest("POST", "/v1/devices", JSON_TYPE, body));
      http.close();
      if (answer.status === 201) return (JSON.parse(answer.body) as DeviceAnswerBody).credential;
      const { code, retryAfterMs = 0 } = JSON.parse(answer.body);
      if (code !== "mesh_full") throw new Error(`no account: ${answer.status} ${answer.body}`);
      await sleep(retryAfterMs);
    }
  }

  async connect(): Promise<void> {
    const token = signToken(this.#keys.privateKey, "pushmesh-connect+jwt", {
      claims: { cred: this.#credential },
    });
    const protocols = ["pushmesh.v1", `pushmesh.token.${token}`];
    const socket = await WebSocketClient.open(this.#address, "/v1/connect", protocols, {
      onBinary: (bytes) => this.#receive(bytes),
      onText: () => this.#events.onText(),
      onClose: (reason) => this.#events.onClose(reason),
    });
    this.#socket = socket;
    const welcomed = this.#step();
    const hello: Hello = {
      revision: PROTOCOL_REVISION,
      ...(this.#slot === undefined ? {} : { attach: [this.#slot] }),
    };
    const body = encodeLinkUp({ kind: "hello", value: hello });
    socket.send(encodeEnvelope({ channel: CHANNEL_LINK, body }));
    await welcomed;
  }

  /** Joins tags; resolves when it is done. It needs a link. */
  async subscribe(tags: readonly string[]): Promise<void> {
    if (this.#slot === undefined) throw new Error("not registered");
    const done = this.#step();
    const value = { request: 2, slot: this.#slot, add: [...tags], remove: [] };
    this.#command({ kind: "subscribe", value });
    await done;
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

  #step(): Promise<void> {
    return new Promise((resolve) => {
      this.#stepped = resolve;
    });
  }

  #receive(bytes: Uint8Array): void {
    const { channel, body } = decodeEnvelope(bytes);
    if (channel === CHANNEL_LINK) {
      const frame = decodeLinkDown(body);
      if (frame.kind !== "welcome") throw new Error(`instead of a welcome: ${frame.kind}`);
      this.#session = frame.value.session;
      this.#stepped?.();
      return;
    }
    this.#receivePush(decodePushDown(body));
  }

  #receivePush(frame: PushDown): void {
    if (frame.kind === "sealed" && this.#seal !== null && this.#registration !== null) {
      this.#receivePush(this.#seal.open(this.#registration, frame.value));
    } else if (frame.kind === "deliver") {
      this.#acknowledge(frame.value.messages);
    } else if (frame.kind === "broadcasts") {
      this.#advance(frame.value.broadcasts);
    } else if (frame.kind === "done") {
      this.#stepped?.();
    } else if (frame.kind === "registered") {
      this.#registration = frame.value.registration;
      this.#slot = frame.value.registration.slot;
      this.#regId = frame.value.registration.regId;
      this.#stepped?.();
    } else {
      throw new Error(`a push frame that nothing here asks for: ${frame.kind}`);
    }
  }

  /** One acknowledgement is enough: every message of the benchmarks is of one lane. */
  #acknowledge(messages: readonly Message[]): void {
    const last = messages.at(-1);
    if (last === undefined) return;
    const ack: Ack = { slot: last.slot, priority: last.priority, seq: last.seq };
    this.#push({ kind: "acks", value: [ack] });
    this.#events.countMessages(messages.length);
  }

  /** The cursor of each tag that the frame names. */
  #advance(broadcasts: readonly Broadcast[]): void {
    const last = broadcasts.at(-1);
    if (last === undefined) return;
    const { slot } = last;
    const cursors = new Map<number, Cursor>();
    for (const { tagRef, position } of broadcasts) cursors.set(tagRef, { slot, tagRef, position });
    this.#push({ kind: "cursors", value: [...cursors.values()] });
    this.#events.countMessages(broadcasts.length);
  }

  #command(frame: WritablePushUp): void {
    const registration = this.#registration;
    if (this.#seal === null || registration === null) this.#push(frame);
    else this.#push(this.#seal.seal(registration, this.#session, frame));
  }

  #push(frame: WritablePushUp): void {
    this.#socket?.send(encodeEnvelope({ channel: CHANNEL_PUSH, body: encodePushUp(frame) }));
  }
}

interface TokenParts {
  readonly jwk?: unknown;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** A JWS as docs/protocol.md describes the tokens of a device. */
function signToken(key: KeyObject, typ: string, { jwk, claims }: TokenParts): string {
  const now = Math.floor(Date.now() / 1_000);
  const header = { alg: "EdDSA", typ, ...(jwk === undefined ? {} : { jwk }) };
  const payload = {
    aud: "pushmesh",
    iat: now,
    exp: now + TOKEN_SECONDS,
    jti: randomBytes(12).toString("base64url"),
    ...claims,
  };
  const text = `${encode(header)}.${encode(payload)}`;
  return `${text}.${sign(null, Buffer.from(text), key).toString("base64url")}`;
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
