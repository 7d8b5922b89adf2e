/** The mesh's end of sealed frames, by other implementations than ours: HPKE of @hpke/core, AES-GCM of Node. */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";
import {
  decodePushUp,
  encodePushDown,
  type KeySetup,
  type PushDown,
  type PushUp,
  type Registration,
  type Sealed,
} from "../../../../schema/generated/link.ts";

const suite = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes256Gcm(),
});

type Frame<T extends { kind: string }> = Exclude<T, { readonly kind: "unknown" }>;
type Direction = "down" | "up";

/** What a registration and the mesh share. */
interface Shared {
  readonly epoch: number;
  readonly secret: Uint8Array;
}

function context(direction: Direction, registration: Registration, sealed: Sealed) {
  const { appId, identity } = registration;
  const numbers = Buffer.alloc(12);
  numbers.writeUInt32BE(sealed.epoch);
  numbers.writeBigUInt64BE(BigInt(sealed.number), 4);
  return Buffer.concat([Buffer.from(`${direction}\0${appId}\0${identity}\0`), numbers]);
}

function keyOf({ secret }: Shared, direction: Direction): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", secret, "", direction, 32));
}

const utf8 = (text: string) => new TextEncoder().encode(text);

export class FakeSealing {
  readonly #pairs = new Map<number, CryptoKeyPair>();
  /** The kids that the mesh has, newest first. */
  kids = [1];
  /** Whether its objects know setups: during a deploy, those of an earlier version may not. */
  takesSetups = true;
  /** By appId. */
  readonly #shared = new Map<string, Shared>();
  /** Grants that arrived sealed. */
  readonly grants: string[] = [];
  #counter = 0;

  async #pair(kid: number): Promise<CryptoKeyPair> {
    const pair = this.#pairs.get(kid) ?? (await suite.kem.generateKeyPair());
    this.#pairs.set(kid, pair);
    return pair;
  }

  /** The answer of GET /v1/link-keys. */
  async linkKeys(): Promise<{ keys: { kid: number; publicKey: string }[] }> {
    const keys = this.kids.map(async (kid) => {
      const { publicKey } = await this.#pair(kid);
      const raw = Buffer.from(await suite.kem.serializePublicKey(publicKey));
      return { kid, publicKey: raw.toString("base64url") };
    });
    return { keys: await Promise.all(keys) };
  }

  /** @returns false if the mesh does not have the key */
  async setUp(appId: string, setup: KeySetup, sealedGrant?: Uint8Array): Promise<boolean> {
    if (!this.kids.includes(setup.kid)) return false;
    const { privateKey } = await this.#pair(setup.kid);
    const recipient = await suite.createRecipientContext({
      recipientKey: privateKey,
      enc: setup.enc.slice(),
      info: utf8(`pushmesh layer 2\0${appId}`),
    });
    if (sealedGrant) {
      const grant = await recipient.open(sealedGrant.slice());
      this.grants.push(new TextDecoder().decode(grant));
    }
    const secret = new Uint8Array(await recipient.export(utf8("pushmesh epoch"), 32));
    this.#shared.set(appId, { epoch: setup.epoch, secret });
    return true;
  }

  /** A backup of the mesh. @returns restores it */
  backup(): () => void {
    const all = [...this.#shared];
    return () => {
      for (const [appId, shared] of all) this.#shared.set(appId, shared);
    };
  }

  /** The mesh has lost the key of the app. */
  forget(appId: string): void {
    this.#shared.delete(appId);
  }

  /** The epoch of the app; undefined for none. */
  epoch(appId: string): number | undefined {
    return this.#shared.get(appId)?.epoch;
  }

  /** Seals a frame, if the registration has a key. */
  seal(
    registration: Registration | undefined,
    frame: Frame<PushDown>,
    at: number,
  ): Frame<PushDown> {
    const shared = registration && this.#shared.get(registration.appId);
    if (registration === undefined || shared === undefined) return frame;
    const { slot } = registration;
    const sealed = { slot, epoch: shared.epoch, number: at + ++this.#counter };
    return { kind: "sealed", value: this.make("down", registration, sealed, frame, shared) };
  }

  /** Any sealed frame of the mesh, also one that it never makes. */
  make(
    direction: Direction,
    registration: Registration,
    place: Omit<Sealed, "body">,
    frame: Frame<PushDown>,
    shared = this.#shared.get(registration.appId),
  ): Sealed {
    if (shared === undefined) throw new Error("the app has no key");
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", keyOf(shared, direction), nonce);
    cipher.setAAD(context(direction, registration, { ...place, body: nonce }));
    const text = [cipher.update(encodePushDown(frame)), cipher.final()];
    const body = new Uint8Array(Buffer.concat([nonce, ...text, cipher.getAuthTag()]));
    return { ...place, body };
  }

  /** The registration as the mesh tells its device. */
  told(registration: Registration): Registration {
    const shared = this.#shared.get(registration.appId);
    if (shared === undefined || registration.epoch === undefined) return registration;
    const key = new Uint8Array(hkdfSync("sha256", shared.secret, "", "registration", 32));
    const { identity, regId } = registration;
    const hmac = createHmac("sha256", key).update(`${identity}\0${regId}`).digest();
    return { proof: new Uint8Array(hmac.subarray(0, 16)), ...registration };
  }

  /** Opens a frame of a device. @throws Error if it does not open */
  open(registration: Registration, sealed: Sealed, session: Uint8Array): PushUp {
    const shared = this.#shared.get(registration.appId);
    if (shared?.epoch !== sealed.epoch) throw new Error(`epoch ${sealed.epoch}`);
    const { body } = sealed;
    const cipher = createDecipheriv("aes-256-gcm", keyOf(shared, "up"), body.subarray(0, 12));
    cipher.setAAD(Buffer.concat([context("up", registration, sealed), session]));
    cipher.setAuthTag(body.subarray(-16));
    const text = [cipher.update(body.subarray(12, -16)), cipher.final()];
    return decodePushUp(new Uint8Array(Buffer.concat(text)));
  }
}
