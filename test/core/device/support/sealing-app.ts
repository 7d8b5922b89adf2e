/**
 * The app's end of sealed frames, written from docs/protocol.md alone: by node:crypto, and nothing of what the mesh does it with.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
} from "node:crypto";
import {
  decodePushDown,
  encodePushUp,
  type KeySetup,
  type PushDown,
  type Register,
  type Registration,
  type Sealed,
  type WritablePushUp,
} from "../../../../schema/generated/link.ts";

/** A key of the mesh, as `GET /v1/link-keys` tells it. */
export interface LinkKey {
  readonly kid: number;
  readonly publicKey: Uint8Array;
}

/** A registration as the device knows it. */
export interface Place {
  readonly slot: number;
  readonly appId: string;
  readonly identity?: string | undefined;
}

const hmac = (key: Uint8Array, data: Uint8Array): Buffer =>
  createHmac("sha256", key).update(data).digest();

const bytes = (text: string): Buffer => Buffer.from(text, "utf8");
const KEM = bytes("KEM\0 ");
const HPKE = Buffer.from("48504b45002000010002", "hex");
const EMPTY = Buffer.alloc(0);

const extract = (suite: Buffer, salt: Buffer, label: string, ikm: Uint8Array): Buffer =>
  hmac(
    salt.length === 0 ? Buffer.alloc(32) : salt,
    Buffer.concat([bytes("HPKE-v1"), suite, bytes(label), ikm]),
  );

function expand(suite: Buffer, prk: Buffer, label: string, info: Uint8Array, length: number) {
  const all = [Buffer.from([0, length]), bytes("HPKE-v1"), suite, bytes(label), info];
  // No output here is longer than one block.
  return hmac(prk, Buffer.concat([...all, Buffer.from([1])])).subarray(0, length);
}

/** What one setup has agreed on. */
export class Epoch {
  readonly setup: KeySetup;
  readonly #context: { readonly secret: Buffer; readonly schedule: Buffer };
  readonly #down: Buffer;
  readonly #proof: Buffer;
  readonly #up: Buffer;
  /** The highest number of the mesh that was read. */
  highest = 0;

  constructor(appId: string, { kid, publicKey }: LinkKey, epoch: number) {
    const pair = generateKeyPairSync("x25519");
    const enc = Buffer.from(pair.publicKey.export({ format: "jwk" }).x ?? "", "base64url");
    const x = Buffer.from(publicKey).toString("base64url");
    const mesh = createPublicKey({ key: { kty: "OKP", crv: "X25519", x }, format: "jwk" });
    const dh = diffieHellman({ privateKey: pair.privateKey, publicKey: mesh });
    const prk = extract(KEM, EMPTY, "eae_prk", dh);
    const shared = expand(KEM, prk, "shared_secret", Buffer.concat([enc, publicKey]), 32);
    const info = bytes(`pushmesh layer 2\0${appId}`);
    const schedule = Buffer.concat([
      Buffer.from([0]),
      extract(HPKE, EMPTY, "psk_id_hash", EMPTY),
      extract(HPKE, EMPTY, "info_hash", info),
    ]);
    const secret = extract(HPKE, shared, "secret", EMPTY);
    this.#context = { secret, schedule };
    const exporter = expand(HPKE, secret, "exp", schedule, 32);
    const exported = expand(HPKE, exporter, "sec", bytes("pushmesh epoch"), 32);
    this.#down = Buffer.from(hkdfSync("sha256", exported, EMPTY, "down", 32));
    this.#up = Buffer.from(hkdfSync("sha256", exported, EMPTY, "up", 32));
    this.#proof = Buffer.from(hkdfSync("sha256", exported, EMPTY, "registration", 32));
    this.setup = { kid, enc: Uint8Array.from(enc), epoch };
  }

  /** A grant as the first message of the context. */
  sealGrant(grant: string): Uint8Array {
    const { secret, schedule } = this.#context;
    const key = expand(HPKE, secret, "key", schedule, 32);
    const nonce = expand(HPKE, secret, "base_nonce", schedule, 12);
    const cipher = createCipheriv("aes-256-gcm", key, nonce);
    const body = Buffer.concat([cipher.update(grant, "utf8"), cipher.final()]);
    return Uint8Array.from(Buffer.concat([body, cipher.getAuthTag()]));
  }

  /** The frame inside, whatever its number is; null if it does not open. */
  openAny(place: Place, { number, body }: Sealed): PushDown | null {
    const aad = this.#bound("down", place, number);
    const cipher = createDecipheriv("aes-256-gcm", this.#down, body.subarray(0, 12));
    cipher.setAAD(aad);
    cipher.setAuthTag(body.subarray(-16));
    const plaintext = cipher.update(body.subarray(12, -16));
    try {
      cipher.final();
    } catch {
      return null;
    }
    return decodePushDown(Uint8Array.from(plaintext));
  }

  /** The same, as an app does: only above the last one. */
  open(place: Place, sealed: Sealed): PushDown | null {
    if (sealed.number <= this.highest || sealed.epoch !== this.setup.epoch) return null;
    const frame = this.openAny(place, sealed);
    if (frame !== null) this.highest = sealed.number;
    return frame;
  }

  /** @param session of the last Welcome */
  seal(
    place: Place,
    session: Uint8Array,
    number: number,
    command: WritablePushUp,
  ): Extract<WritablePushUp, { kind: "sealed" }> {
    const sealed = this.sealBytes(place, session, number, encodePushUp(command));
    const { value } = command;
    if (!("request" in value) || value.request === undefined) return sealed;
    return { ...sealed, value: { ...sealed.value, request: value.request } };
  }

  /** As `seal`, whatever is inside. */
  sealBytes(
    place: Place,
    session: Uint8Array,
    number: number,
    inside: Uint8Array,
  ): Extract<WritablePushUp, { kind: "sealed" }> {
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", this.#up, nonce);
    cipher.setAAD(Buffer.concat([this.#bound("up", place, number), session]));
    const body = Buffer.concat([nonce, cipher.update(inside), cipher.final()]);
    return {
      kind: "sealed",
      value: {
        ...{ slot: place.slot, epoch: this.setup.epoch, number },
        body: Uint8Array.from(Buffer.concat([body, cipher.getAuthTag()])),
      },
    };
  }

  /** Whether `Registration.proof` is what it has to be. */
  proves({ identity = "", regId, proof }: Registration): boolean {
    const expected = hmac(this.#proof, bytes(`${identity}\0${regId}`)).subarray(0, 16);
    return proof !== undefined && expected.equals(proof);
  }

  /** `Register` with this setup. */
  register(request: number, appId: string, grant?: string): Register {
    const sealed = grant === undefined ? {} : { sealedGrant: this.sealGrant(grant) };
    return { request, appId, setup: this.setup, ...sealed };
  }

  #bound(direction: "down" | "up", { appId, identity = "" }: Place, number: number): Buffer {
    const numbers = Buffer.alloc(12);
    numbers.writeUInt32BE(this.setup.epoch);
    numbers.writeBigUInt64BE(BigInt(number), 4);
    return Buffer.concat([bytes(`${direction}\0${appId}\0${identity}\0`), numbers]);
  }
}
