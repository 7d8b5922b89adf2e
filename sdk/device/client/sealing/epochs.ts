/** The keys that an app and the mesh share: one an epoch of the registration, kept with the app's stored state. */
import type { KeySetup } from "../../../../schema/generated/link.ts";
import { concat, EPOCH_CONTEXT, linkInfo } from "../../../../schema/hpke.ts";
import {
  type Direction,
  NONCE_BYTES,
  PROOF_BYTES,
  PROOF_INFO,
  type SealedPlace,
  sealedContext,
} from "../../../../schema/sealed.ts";
import { fromBase64Url, toBase64Url } from "../../../../schema/text.ts";
import type { NativeCryptoKey } from "../../../crypto-types.ts";
import { KEPT_EPOCHS } from "../../constants.ts";
import type { Host } from "../../host.ts";
import type { BatchedStorage } from "../../storage/batched.ts";
import { type SenderContext, setupSender, X25519 } from "./hpke.ts";
import type { LinkKey } from "./link-keys.ts";

type Bytes = Uint8Array<ArrayBuffer>;

export interface Epoch {
  readonly epoch: number;
  /** The mesh's key that it was set up with. */
  readonly kid: number;
  /** 32 bytes in base64url. */
  readonly secret: string;
  /** Milliseconds since 1970. */
  readonly madeAt: number;
  /** `Registration.identity`; empty until the mesh has answered its register. */
  readonly identity: string;
}

/** Stored as JSON. */
interface State {
  /** The app accepts nothing that is not sealed. Not undone by what the push service says. */
  readonly isSealed: boolean;
  /** The newest last. */
  readonly epochs: readonly Epoch[];
  /** The highest number of a frame that was neither messages nor broadcasts: those are in the duplicate windows. */
  readonly number: number;
  /** When the mesh's keys were last compared, milliseconds since 1970. */
  readonly checkedAt: number;
}

/** What the key of each info is for. */
const USES = {
  up: ["AES-GCM", "encrypt"],
  down: ["AES-GCM", "decrypt"],
  [PROOF_INFO]: ["HMAC", "sign"],
} as const;

/** What a frame is bound to, besides the app, the direction and the epoch with its registration. */
type Place = Pick<SealedPlace, "number" | "session">;

export class Epochs {
  readonly #host: Host;
  readonly #storage: BatchedStorage;
  readonly #appId: string;
  readonly #name: string;
  /** By direction and secret. */
  readonly #keys = new Map<string, Promise<NativeCryptoKey>>();
  state: State = { isSealed: false, epochs: [], number: 0, checkedAt: 0 };

  constructor(host: Host, storage: BatchedStorage, appId: string) {
    this.#host = host;
    this.#storage = storage;
    this.#appId = appId;
    this.#name = `app/${appId}/epochs`;
  }

  /** Also adds what another client of the storage has stored since. Rejects with the error of the storage. */
  async load(): Promise<void> {
    const stored = await this.#storage.get(this.#name);
    const { isSealed, number, epochs } = this.state;
    try {
      if (stored === undefined) return;
      const read: State = JSON.parse(String(stored));
      const isNew = (one: Epoch) => !epochs.some(({ secret }) => secret === one.secret);
      this.state = {
        ...read,
        isSealed: isSealed || read.isSealed,
        number: Math.max(number, read.number),
        epochs: [...read.epochs.filter(isNew), ...epochs],
      };
    } catch {
      // Not in our format: the registration gets another epoch.
    }
  }

  write(change: Partial<State>): void {
    this.state = { ...this.state, ...change };
    this.#storage.put(this.#name, () => JSON.stringify(this.state));
  }

  get(identity: string | undefined, epoch: number | undefined): Epoch | undefined {
    return this.state.epochs.findLast((each) => each.epoch === epoch && each.identity === identity);
  }

  /** The number of the newest epoch; 0 for none. */
  get last(): number {
    return Math.max(0, ...this.state.epochs.map(({ epoch }) => epoch));
  }

  /**
   * Finds the epoch that the mesh seals with by its proof of the regId, since another client of the storage may have made one of the same number.
   *
   * @returns whether there is one
   */
  async prove(identity: string, epoch: number, regId: string, proof: Uint8Array): Promise<boolean> {
    for (const one of this.state.epochs) {
      if (one.epoch !== epoch || !["", identity].includes(one.identity)) continue;
      if (!(await this.#proves(one, identity, regId, proof))) continue;
      // The mesh has taken the setup of a register, and says with which registration.
      const others = this.state.epochs.filter((each) => each !== one);
      if (this.get(identity, epoch) !== one)
        this.write({ epochs: [...others, { ...one, identity }] });
      return true;
    }
    return false;
  }

  /** Whether the app has made a later one: the mesh has not taken it, or was restored from a backup. */
  isFollowed({ epoch, identity }: Epoch): boolean {
    return this.state.epochs.some((each) => each.identity === identity && each.epoch > epoch);
  }

  /**
   * Makes another epoch, and resolves when it is stored: without it, nothing of what the mesh sends then could be read. Rejects with the error
   * of Web Crypto if it has no X25519.
   */
  async make(
    { kid, publicKey }: LinkKey,
    identity: string,
    after: number,
  ): Promise<{ readonly setup: KeySetup; readonly context: SenderContext }> {
    // Not the number of an epoch that another client of the storage has made.
    await this.load().catch(() => {});
    const { subtle } = this.#host.crypto;
    const pair = await subtle.generateKey(X25519, false, ["deriveBits"]);
    if (!("privateKey" in pair)) throw new TypeError("no key pair");
    const context = await setupSender(subtle, publicKey, linkInfo(this.#appId), pair);
    const secret = toBase64Url(await context.exported(EPOCH_CONTEXT));
    const madeAt = this.#host.now();
    const epoch = Math.max(this.last, after) + 1;
    const made: Epoch = { epoch, kid, secret, madeAt, identity };
    // The previous key is kept until now, not until the first frame of its successor: a mesh restored from a backup may have it. The
    // present one is kept however many setups were not answered.
    const epochs = this.state.epochs.filter((e) => e.identity !== identity || e.epoch >= after);
    const kept = epochs.filter((e, at) => e.epoch === after || at > epochs.length - KEPT_EPOCHS);
    this.write({ epochs: [...kept, made], checkedAt: madeAt });
    await this.#storage.settled();
    return { setup: { kid, enc: context.enc, epoch }, context };
  }

  /** @returns the nonce and the ciphertext */
  async seal(epoch: Epoch, place: Place, plaintext: Bytes): Promise<Bytes> {
    const { subtle } = this.#host.crypto;
    const body = new Uint8Array(NONCE_BYTES);
    const iv = this.#host.crypto.getRandomValues(body);
    const sealed = await subtle.encrypt(...(await this.#by("up", epoch, place, iv)), plaintext);
    const all = new Uint8Array(NONCE_BYTES + sealed.byteLength);
    all.set(iv);
    all.set(new Uint8Array(sealed), NONCE_BYTES);
    return all;
  }

  /** Rejects if it was sealed by another key, for another place, or altered. */
  async open(epoch: Epoch, place: Place, body: Bytes): Promise<Bytes> {
    const iv = body.slice(0, NONCE_BYTES);
    const by = await this.#by("down", epoch, place, iv);
    const opened = this.#host.crypto.subtle.decrypt(...by, body.subarray(NONCE_BYTES));
    return new Uint8Array(await opened);
  }

  async #by(direction: Direction, { epoch, identity, secret }: Epoch, place: Place, iv: Bytes) {
    const appId = this.#appId;
    const additionalData = sealedContext({ ...place, direction, appId, identity, epoch });
    return [{ name: "AES-GCM", iv, additionalData }, await this.#key(direction, secret)] as const;
  }

  async #proves(
    { secret }: Epoch,
    identity: string,
    regId: string,
    proof: Uint8Array,
  ): Promise<boolean> {
    const { subtle } = this.#host.crypto;
    const key = await this.#key(PROOF_INFO, secret);
    const own = new Uint8Array(await subtle.sign("HMAC", key, concat(`${identity}\0${regId}`)));
    return proof.length === PROOF_BYTES && proof.every((byte, at) => byte === own[at]);
  }

  #key(direction: Direction | typeof PROOF_INFO, secret: string): Promise<NativeCryptoKey> {
    const name = direction + secret;
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    const { subtle } = this.#host.crypto;
    const derived = async () => {
      const raw = fromBase64Url(secret)?.slice() ?? new Uint8Array();
      const base = await subtle.importKey("raw", raw, "HKDF", false, ["deriveKey"]);
      const salt = new Uint8Array();
      const info = new TextEncoder().encode(direction);
      const from = { name: "HKDF", hash: "SHA-256", salt, info };
      const [name, usage] = USES[direction];
      const to = { name, hash: "SHA-256", length: 256 };
      return subtle.deriveKey(from, base, to, false, [usage]);
    };
    const key = derived();
    this.#keys.set(name, key);
    return key;
  }
}
