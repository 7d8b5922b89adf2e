/** The encryption keys of one app on this device: the current one, and those that queued messages may still be encrypted to. */
import { fromBase64Url, toBase64Url } from "../../../schema/text.ts";
import type { NativeCryptoKey, NativeKeyPair } from "../../crypto-types.ts";
import { CURVE, newAuth, type ReceiverKey } from "../../rfc8291.ts";
import type { EncryptionContext } from "../client/encryption.ts";
import { PushError } from "../errors.ts";
import type { Stored } from "../storage/storage.ts";

/** The longest ttl is 28 days; app servers may know a replaced key for a while longer. */
const KEEP_MS = 30 * 24 * 3_600_000;
/** Besides the current one. A message is tried with each, newest first: about 0.3 ms each in a browser. */
const REPLACED_KEYS = 7;

/** As stored, besides the key pair. */
export interface KeyRecord {
  readonly n: number;
  /** base64url. */
  readonly auth: string;
  /** When another one replaced it, milliseconds since 1970; null for the current one. */
  readonly replacedAt: number | null;
}

/** Stored as JSON. */
interface State {
  /** Newest first; never empty. */
  readonly keys: readonly KeyRecord[];
  /** The registration that the keys belong to; null before the first. */
  readonly identity: string | null;
  /** The key that the mesh has for it; 0 for none. */
  readonly published: number;
}

export interface DeviceKey extends ReceiverKey {
  readonly n: number;
  readonly privateKey: NativeCryptoKey;
}

export class EncryptionKeys {
  readonly #context: EncryptionContext;
  readonly #name: string;
  readonly #loaded = new Map<number, DeviceKey>();
  #state: State | undefined;

  constructor(context: EncryptionContext) {
    this.#context = context;
    this.#name = `app/${context.appId}/encryption`;
  }

  /** Reads the state, or makes the first key. Also finds what another client of the storage has written since. */
  async load(): Promise<void> {
    const { storage } = this.#context;
    let stored = await storage.get(this.#name);
    if (stored === undefined) {
      this.#loaded.clear();
      await storage.add(this.#pairName(1), await this.#pair());
      const state = { keys: [this.#record(1)], identity: null, published: 0 };
      // Another start may have been faster: both continue with what is stored, and the pair of the faster one.
      stored = await storage.add(this.#name, JSON.stringify(state));
    }
    const state = parse(stored);
    this.#state = state;
    if (this.#kept(state.keys).length < state.keys.length) await this.#write(state);
  }

  get identity(): string | null {
    return this.#now.identity;
  }

  get published(): number {
    return this.#now.published;
  }

  /** Newest first. */
  get records(): readonly KeyRecord[] {
    return this.#now.keys;
  }

  async current(): Promise<DeviceKey> {
    const [newest] = this.#now.keys;
    if (newest === undefined) throw new Error("no key");
    return this.open(newest);
  }

  /** A new key becomes the current one. @param keep whether messages to the earlier ones may still arrive */
  async replace(keep: boolean): Promise<void> {
    await this.load();
    const made = await this.#make();
    // Making it has taken a while, in which another client of the storage may have written.
    await this.load();
    await this.#write({ ...this.#now, keys: keep ? this.#with(made) : [made] });
  }

  /** Stores which key the mesh has for which registration; undefined for none. */
  async mark(identity: string, published: DeviceKey | undefined): Promise<void> {
    await this.load();
    let { keys } = this.#now;
    if (published !== undefined && keys.every(({ n }) => n !== published.n)) {
      // Another client's write has lost it, and messages to it may come.
      keys = this.#with({ n: published.n, auth: toBase64Url(published.auth), replacedAt: null });
    }
    await this.#write({ keys, identity, published: published?.n ?? 0 });
  }

  get #now(): State {
    if (this.#state === undefined) throw new Error("not loaded");
    return this.#state;
  }

  /** Only straight after `load`: other clients of the storage write too. Drops the keys that no message can need. */
  async #write(state: State): Promise<void> {
    const before = this.#now.keys;
    const keys = this.#kept(state.keys);
    const written = { ...state, keys };
    await this.#context.storage.set(this.#name, JSON.stringify(written));
    this.#state = written;
    for (const { n } of [...before, ...state.keys]) {
      if (keys.some((key) => key.n === n)) continue;
      this.#loaded.delete(n);
      await this.#context.storage.delete(this.#pairName(n));
    }
  }

  /** Without those that were replaced long ago, and the oldest if there are too many. */
  #kept(keys: readonly KeyRecord[]): readonly KeyRecord[] {
    const since = this.#context.host.now() - KEEP_MS;
    return keys.filter(
      ({ replacedAt }, at) => at === 0 || (at <= REPLACED_KEYS && (replacedAt ?? since) >= since),
    );
  }

  /** The stored keys and one more; all but the newest are replaced. */
  #with(record: KeyRecord): readonly KeyRecord[] {
    const now = this.#context.host.now();
    return [record, ...this.#now.keys]
      .sort((one, other) => other.n - one.n)
      .map((key, at) => (at === 0 ? key : { ...key, replacedAt: key.replacedAt ?? now }));
  }

  #pairName(n: number): string {
    return `${this.#name}/${n}`;
  }

  /** Makes and stores a key pair under the first free number: another client of the storage may have taken the next one. */
  async #make(): Promise<KeyRecord> {
    const pair = await this.#pair();
    let n = 1 + Math.max(...this.#now.keys.map((key) => key.n));
    while ((await this.#context.storage.add(this.#pairName(n), pair)) !== pair) n++;
    return this.#record(n);
  }

  #record(n: number): KeyRecord {
    return { n, auth: toBase64Url(newAuth(this.#context.host.crypto)), replacedAt: null };
  }

  async #pair(): Promise<Stored> {
    const { storage, host } = this.#context;
    const { subtle } = host.crypto;
    const { keepsKeys } = storage;
    try {
      // Only extractable if the storage cannot hold the key itself.
      const pair = await subtle.generateKey(CURVE, !keepsKeys, ["deriveBits"]);
      return keepsKeys ? pair : JSON.stringify(await subtle.exportKey("jwk", pair.privateKey));
    } catch (cause) {
      const message = "No ECDH on P-256 in Web Crypto; browsers need https.";
      throw new PushError({ code: "crypto_unsupported", message, retry: "never", cause });
    }
  }

  /** @throws PushError `storage_failed`; another error if the storage no longer has the key */
  async open({ n, auth }: KeyRecord): Promise<DeviceKey> {
    const known = this.#loaded.get(n);
    if (known !== undefined) return known;
    const { storage, host } = this.#context;
    const { subtle } = host.crypto;
    const stored = await storage.get(this.#pairName(n));
    if (stored === undefined) throw new Error(`the storage has lost key ${n}`);
    let pair: NativeKeyPair;
    if (typeof stored === "string") {
      const jwk = JSON.parse(stored) as JsonWebKey;
      const { d: _, key_ops: __, ...open } = jwk;
      pair = {
        privateKey: await subtle.importKey("jwk", jwk, CURVE, false, ["deriveBits"]),
        publicKey: await subtle.importKey("jwk", open, CURVE, true, []),
      };
    } else pair = stored;
    const publicKey = new Uint8Array(await subtle.exportKey("raw", pair.publicKey));
    const secret = fromBase64Url(auth) as Uint8Array<ArrayBuffer>;
    const key = { n, publicKey, auth: secret, privateKey: pair.privateKey };
    this.#loaded.set(n, key);
    return key;
  }
}

const parse = (stored: Stored): State => JSON.parse(String(stored)) as State;
