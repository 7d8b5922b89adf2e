/** The device's account with the mesh (docs/protocol.md, sections 1 and 2). */
import { toBase64Url } from "../../../schema/text.ts";
import { TOKEN_MAX_AGE_SECONDS } from "../constants.ts";
import type { Host } from "../host.ts";
import type { Renewal } from "../link/machine.ts";
import type { GuardedStorage } from "../storage/storage.ts";
import { getMeshTime, postDevice } from "./http.ts";
import { signJwt } from "./jwt.ts";
import { type DeviceKeys, loadIdentifiers, loadKeys } from "./keys.ts";

/** Storage key of the JSON of `StoredAccount`. */
const ACCOUNT = "device/account";

interface StoredAccount {
  readonly credential: string;
  readonly deviceId: string;
  /** The identifiers it was created with, joined by commas: other identifiers are another device. */
  readonly ids: string;
  /** Mesh clock minus device clock in milliseconds, when the account was created. */
  readonly clockOffsetMs: number;
}

export class Account {
  readonly #host: Host;
  readonly #storage: GuardedStorage;
  readonly #keys: DeviceKeys;
  readonly #ids: readonly string[];
  #credential: string | undefined;
  /** As the mesh names it; empty until there is an account. */
  deviceId = "";
  #clockOffsetMs = 0;

  /** Use `Account.load`. */
  private constructor(
    host: Host,
    storage: GuardedStorage,
    keys: DeviceKeys,
    ids: readonly string[],
  ) {
    this.#host = host;
    this.#storage = storage;
    this.#keys = keys;
    this.#ids = ids;
  }

  /**
   * Reads the stored state, or creates and stores a key pair if there is none. Makes no network request.
   *
   * @throws PushError `storage_failed`, `crypto_unsupported`, `option_invalid`
   */
  static async load(
    host: Host,
    storage: GuardedStorage,
    identifiers: readonly string[],
  ): Promise<Account> {
    const keys = await loadKeys(host, storage);
    const ids = await loadIdentifiers(host, storage, identifiers);
    const account = new Account(host, storage, keys, ids);
    account.#restore(String(await storage.get(ACCOUNT)));
    return account;
  }

  /** Mesh clock minus device clock, milliseconds. */
  get clockOffsetMs(): number {
    return this.#clockOffsetMs;
  }

  /** Identifies the account to the mesh; undefined until there is one. */
  get credential(): string | undefined {
    return this.#credential;
  }

  /** @param meshNow The mesh's clock now, milliseconds since 1970. */
  setClock(meshNow: number): void {
    this.#clockOffsetMs = meshNow - this.#host.now();
  }

  /** A token for one connect. Rejects with a PushError. */
  async token(endpoint: string, renewal: Renewal, signal: AbortSignal): Promise<string> {
    if (renewal !== "none") this.setClock(await getMeshTime(this.#host, endpoint, signal));
    let credential = this.#credential;
    if (credential === undefined || renewal === "account") {
      credential = await this.#create(endpoint, signal);
    }
    return this.#sign({ typ: "pushmesh-connect+jwt" }, { cred: credential });
  }

  /** Drops the credential: the next token creates the account again. */
  forget(): void {
    this.#credential = undefined;
    // If this fails, the credential is refused at the next start, and created anew then.
    this.#storage.delete(ACCOUNT).catch(this.#host.report);
  }

  async #create(endpoint: string, signal: AbortSignal): Promise<string> {
    const jwk = { kty: "OKP", crv: "Ed25519", x: this.#keys.publicX };
    const proof = await this.#sign({ typ: "pushmesh-account+jwt", jwk }, { ids: this.#ids });
    const { credential, deviceId, now } = await postDevice(this.#host, endpoint, proof, signal);
    this.setClock(now);
    this.#credential = credential;
    this.deviceId = deviceId;
    const ids = this.#ids.join();
    const stored: StoredAccount = {
      ...{ credential, deviceId, ids },
      clockOffsetMs: this.#clockOffsetMs,
    };
    // The key and the identifiers, which are stored, determine the account: losing this costs one request.
    await this.#storage.set(ACCOUNT, JSON.stringify(stored)).catch((error) => {
      // Once the link has ended, the next tab may have the storage.
      if (!signal.aborted) this.#host.report(error);
    });
    return credential;
  }

  #restore(text: string): void {
    try {
      const stored: Partial<StoredAccount> = JSON.parse(text);
      const { credential, deviceId } = stored;
      // An older version stored no deviceId: the account is found again.
      if (stored.ids !== this.#ids.join() || !credential || !deviceId) return;
      this.#credential = credential;
      this.deviceId = deviceId;
      this.#clockOffsetMs = Number(stored.clockOffsetMs ?? 0);
    } catch {
      // Nothing stored, or not in our format: the account is created again.
    }
  }

  #sign(header: object, claims: object): Promise<string> {
    const { crypto } = this.#host;
    const issued = Math.floor((this.#host.now() + this.#clockOffsetMs) / 1_000);
    return signJwt(crypto.subtle, this.#keys.privateKey, header, {
      aud: "pushmesh",
      iat: issued,
      exp: issued + TOKEN_MAX_AGE_SECONDS,
      jti: toBase64Url(crypto.getRandomValues(new Uint8Array(16))),
      ...claims,
    });
  }
}
