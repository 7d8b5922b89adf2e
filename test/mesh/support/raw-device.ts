/** A device that does exactly what a test says, right or wrong: frames by the codec, over a raw socket. */
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { sealCredential } from "../../../core/identity/credential.ts";
import { DEVICE_ID_BYTES } from "../../../core/identity/device-id.ts";
import type { Keyring } from "../../../core/identity/keyring.ts";
import { SEQ_EPOCH_MS } from "../../../core/message/clock.ts";
import {
  CHANNEL_LINK,
  CHANNEL_PUSH,
  decodeEnvelope,
  decodeLinkDown,
  decodePushDown,
  encodeEnvelope,
  encodeLinkUp,
  encodePushUp,
  type LinkDown,
  PROTOCOL_REVISION,
  type PushDown,
  type Refusal,
  type Registration,
  type WritablePushUp,
} from "../../../schema/generated/link.ts";
import type { DeviceAnswerBody } from "../../../schema/http.ts";
import { RawSocket } from "./raw-socket.ts";

const TOKEN_SECONDS = 60;

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** An account of its own, and tokens for it. */
export class RawAccount {
  readonly #keys = generateKeyPairSync("ed25519");
  readonly #ids = [randomBytes(32).toString("base64url")];
  credential = "";

  /** Makes the account at a mesh. */
  async open(url: string): Promise<this> {
    const jwk = this.#keys.publicKey.export({ format: "jwk" });
    const proof = this.#jwt({ typ: "pushmesh-account+jwt", jwk }, { ids: this.#ids });
    const answer = await fetch(`${url}/v1/devices`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ proof }),
    });
    if (!answer.ok) throw new Error(`no account: ${answer.status} ${await answer.text()}`);
    this.credential = ((await answer.json()) as DeviceAnswerBody).credential;
    return this;
  }

  /** The account as a mesh with these keys made it a minute ago: where nothing was registered for it, its credential is all there is. */
  seal(keyring: Keyring): this {
    const { x = "" } = this.#keys.publicKey.export({ format: "jwk" });
    const generation = Math.floor((Date.now() - SEQ_EPOCH_MS) / 1_000) - 60;
    const publicKey = Buffer.from(x, "base64url");
    const deviceId = randomBytes(DEVICE_ID_BYTES);
    this.credential = sealCredential(keyring, { deviceId, generation, publicKey });
    return this;
  }

  /** A connect token; `claims` over those that a good one has. */
  token(claims: Readonly<Record<string, unknown>> = {}): string {
    return this.#jwt({ typ: "pushmesh-connect+jwt" }, { cred: this.credential, ...claims });
  }

  #jwt(header: object, claims: object): string {
    const iat = Math.floor(Date.now() / 1_000);
    const jti = randomBytes(12).toString("base64url");
    const common = { aud: "pushmesh", iat, exp: iat + TOKEN_SECONDS, jti };
    const text = `${part({ alg: "EdDSA", ...header })}.${part({ ...common, ...claims })}`;
    return `${text}.${sign(null, Buffer.from(text), this.#keys.privateKey).toString("base64url")}`;
  }
}

/** The subprotocols that carry a token. */
export const offer = (token: string): string[] => ["pushmesh.v1", `pushmesh.token.${token}`];

/** An envelope of the push channel. */
export const push = (frame: WritablePushUp): Uint8Array =>
  encodeEnvelope({ channel: CHANNEL_PUSH, body: encodePushUp(frame) });

/** An envelope with a Hello. */
export const hello = (revision: number = PROTOCOL_REVISION, attach: number[] = []): Uint8Array => {
  const body = encodeLinkUp({ kind: "hello", value: { revision, attach } });
  return encodeEnvelope({ channel: CHANNEL_LINK, body });
};

export class RawDevice {
  readonly socket: RawSocket;
  readonly account: RawAccount;

  private constructor(socket: RawSocket, account: RawAccount) {
    this.socket = socket;
    this.account = account;
  }

  /** A link on which nothing was said yet. */
  static async open(url: string, account?: RawAccount): Promise<RawDevice> {
    const known = account ?? (await new RawAccount().open(url));
    return new RawDevice(await RawSocket.open(url, offer(known.token())), known);
  }

  /** A link after hello, which attaches these slots and has received nothing, and welcome. */
  static async greet(url: string, account?: RawAccount, attach?: number[]): Promise<RawDevice> {
    const device = await RawDevice.open(url, account);
    device.socket.binary(hello(PROTOCOL_REVISION, attach));
    const frame = await device.next();
    if (frame.kind !== "welcome") throw new Error(`instead of a welcome: ${frame.kind}`);
    return device;
  }

  /** The next frame. */
  async next(): Promise<LinkDown | PushDown> {
    const received = await this.socket.next();
    if (received.kind !== "binary") throw new Error(`no frame: ${JSON.stringify(received)}`);
    const { channel, body } = decodeEnvelope(received.bytes);
    return channel === CHANNEL_LINK ? decodeLinkDown(body) : decodePushDown(body);
  }

  async refusal(): Promise<Refusal> {
    const frame = await this.next();
    if (frame.kind !== "refusal") throw new Error(`instead of a refusal: ${frame.kind}`);
    return frame.value;
  }

  /** Registers an app and attaches it. */
  async register(appId: string): Promise<Registration> {
    this.socket.binary(push({ kind: "register", value: { request: 1, appId } }));
    const frame = await this.next();
    if (frame.kind !== "registered") throw new Error(`instead of registered: ${frame.kind}`);
    const { registration } = frame.value;
    const { slot } = registration;
    this.socket.binary(push({ kind: "attach", value: { slot } }));
    // The mesh answers no attach. What it answers next comes after it: a send from now on finds the registration attached.
    this.socket.binary(push({ kind: "describe", value: { request: 1, slot } }));
    const described = await this.next();
    if (described.kind !== "described") throw new Error(`instead of described: ${described.kind}`);
    return registration;
  }
}
