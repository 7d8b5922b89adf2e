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
interface KeyRecord {
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
    const stored = await storage.get(this.#name);
    if (stored === undefined) {
      const state = { keys: [await this.#make(1)], identity: null, published: 0 };
      // Another start may have been faster: both continue with what is stored, and the pair of the faster one.
      this.#state = parse(await storage.add(this.#name, JSON.stringify(state)));
    } else this.#state = parse(stored);
    await this.#prune();
  }

  get identity(): string | null {
    return this.#now.identity;
  }

  get published(): number {
    return this.#now.published;
  }

  async current(): Promise<DeviceKey> {
    const [newest] = this.#now.keys;
    if (newest === undefined) throw new Error("no key");
    return this.#load(newest);
  }

  /** All keys, newest first. */
  async *all(): AsyncGenerator<DeviceKey> {
    for (const record of [...this.#now.keys]) yield await this.#load(record);
  }

  /** A new key becomes the current one. @param keep whether messages to the earlier ones may still arrive */
  async replace(keep: boolean): Promise<void> {
    const { keys, published, identity } = this.#now;
    const now = this.#context.host.now();
    const n = 1 + Math.max(...keys.map((key) => key.n));
    const made = await this.#make(n);
    const older = keys.map((key) => ({ ...key, replacedAt: key.replacedAt ?? now }));
    await this.#write({ keys: [made, ...(keep ? older : [])], published, identity });
    if (!keep) await this.#forget(keys);
    await this.#prune();
  }

  /** Stores which key the mesh has for which registration. */
  async mark(identity: string, published: number): Promise<void> {
    await this.#write({ ...this.#now, identity, published });
  }

  get #now(): State {
    if (this.#state === undefined) throw new Error("not loaded");
    return this.#state;
  }

  async #write(state: State): Promise<void> {
    await this.#context.storage.set(this.#name, JSON.stringify(state));
    this.#state = state;
  }

  /** Drops keys that no message can need, and more than may be kept: the oldest. */
  async #prune(): Promise<void> {
    const { keys } = this.#now;
    const since = this.#context.host.now() - KEEP_MS;
    const kept = keys.filter(
      ({ replacedAt }, at) => at === 0 || (at <= REPLACED_KEYS && (replacedAt ?? since) >= since),
    );
    if (kept.length === keys.length) return;
    await this.#write({ ...this.#now, keys: kept });
    await this.#forget(keys.filter((key) => !kept.includes(key)));
  }

  async #forget(keys: readonly KeyRecord[]): Promise<void> {
    for (const { n } of keys) {
      this.#loaded.delete(n);
      await this.#context.storage.delete(this.#pairName(n));
    }
  }

  #pairName(n: number): string {
    return `${this.#name}/${n}`;
  }

  /** Makes and stores a key pair. */
  async #make(n: number): Promise<KeyRecord> {
    const { storage, host } = this.#context;
    const { subtle } = host.crypto;
    const { keepsKeys } = storage;
    let value: Stored;
    try {
      // Only extractable if the storage cannot hold the key itself.
      const pair = await subtle.generateKey(CURVE, !keepsKeys, ["deriveBits"]);
      value = keepsKeys ? pair : JSON.stringify(await subtle.exportKey("jwk", pair.privateKey));
    } catch (cause) {
      const message = "No ECDH on P-256 in Web Crypto; browsers need https.";
      throw new PushError({ code: "crypto_unsupported", message, retry: "never", cause });
    }
    await storage.add(this.#pairName(n), value);
    return { n, auth: toBase64Url(newAuth(host.crypto)), replacedAt: null };
  }

  async #load({ n, auth }: KeyRecord): Promise<DeviceKey> {
    const known = this.#loaded.get(n);
    if (known !== undefined) return known;
    const { storage, host } = this.#context;
    const { subtle } = host.crypto;
    const stored = await storage.get(this.#pairName(n));
    if (stored === undefined) throw new Error(`the storage has lost key ${n}`);
    let pair: NativeKeyPair;
    if (typeof stored === "string") {
      const { d: _, key_ops: __, ...open } = JSON.parse(stored) as JsonWebKey;
      const jwk = JSON.parse(stored) as JsonWebKey;
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
