/**
 * End-to-end encryption for the device SDK, by RFC 8291 (Message Encryption for Web Push): the mesh carries bytes that it cannot read.
 *
 * @example
 * import { connect } from "pushmesh/device";
 * import { webPushEncryption } from "pushmesh/encryption";
 *
 * const push = await connect({ url, appId, encryption: webPushEncryption() });
 * push.onMessage(({ data, encrypted }) => console.log(data, encrypted));
 *
 * The app server then sends with `push.send({ to: regId, data, encrypt: true })`.
 *
 * @module pushmesh/encryption
 */
import { bodyOfData } from "../../../schema/encrypted.ts";
import { ContentType } from "../../../schema/generated/link.ts";
import { toBase64Url } from "../../../schema/text.ts";
import { decrypt } from "../../rfc8291.ts";
import type { Encryption, EncryptionContext } from "../client/encryption.ts";
import { type Content, contentOf, type Incoming } from "../client/message.ts";
import { CLOSED, optionInvalid, PushError } from "../errors.ts";
import { contentOfPlaintext } from "./content.ts";
import { type DeviceKey, EncryptionKeys } from "./keys.ts";

export type { Encryption, EncryptionContext } from "../client/encryption.ts";

export interface WebPushEncryptionOptions {
  /**
   * Whether the mesh gives the key to the app's server. Default true. With `false`, give `key()` to your server yourself, over your own
   * connection: then the mesh has neither the key nor the secret, and can neither replace the key nor make up a message. A key that was
   * published before is withdrawn.
   */
  readonly publish?: boolean;
  /** Drop messages and broadcasts that are not encrypted. Default false. */
  readonly required?: boolean;
}

/** What a server needs to encrypt to this registration: `p256dh` and `auth` of a Web Push subscription. */
export interface PublicEncryptionKey {
  /** P-256, uncompressed: 65 bytes in base64url. */
  readonly publicKey: string;
  /** The authentication secret: 16 bytes in base64url. */
  readonly auth: string;
}

/** The encryption of one client. */
export interface WebPushEncryption extends Encryption {
  /**
   * The current key. It changes with `rotateKey`, and with a new registration (`onRegId` with `isNew`).
   *
   * @throws PushError `storage_failed`; `option_invalid` before `connect`
   */
  key(): Promise<PublicEncryptionKey>;
  /**
   * Replaces the key, and resolves when the mesh has the new one, or at once if the app is not registered yet. App servers that have
   * pinned the old one must accept it. The SDK keeps up to 7 replaced keys for 30 days, for messages that are queued. If it rejects
   * because the mesh does not have the new key, the next link publishes it.
   *
   * @throws PushError `storage_failed`, `client_closed`, `option_invalid` before `connect`, or why the mesh did not get the key
   */
  rotateKey(): Promise<PublicEncryptionKey>;
}

const failed = (message: string, cause?: unknown) =>
  new PushError({ code: "decrypt_failed", message, retry: "never", cause });

const isStorageFailed = (error: unknown): error is PushError =>
  error instanceof PushError && error.code === "storage_failed";

class WebPush implements WebPushEncryption {
  readonly #publish: boolean;
  readonly #required: boolean;
  #context: EncryptionContext | undefined;
  #keys: EncryptionKeys | undefined;
  #identity: string | undefined;
  /** Changes of keys and their publication, one after another. */
  #last: Promise<void> = Promise.resolve();

  constructor({ publish = true, required = false }: WebPushEncryptionOptions) {
    this.#publish = publish;
    this.#required = required;
  }

  async open(context: EncryptionContext): Promise<void> {
    if (this.#context !== undefined) {
      throw optionInvalid("encryption: belongs to another client; make one for each");
    }
    this.#context = context;
    this.#keys = new EncryptionKeys(context);
    await this.#keys.load();
  }

  registered(identity: string | undefined): Promise<void> {
    this.#identity = identity;
    // The next Welcome tries again.
    return this.#queue(() => this.#bring()).catch((error) => this.#context?.report(error));
  }

  async read(message: Incoming): Promise<Content> {
    const { contentType, data } = message;
    const body = contentType === ContentType.JSON ? bodyOfData(data) : undefined;
    if (body === undefined) {
      if (this.#required) throw failed("The message is not encrypted.");
      return contentOf(message);
    }
    const plaintext = await this.#decrypt(body);
    return { ...contentOfPlaintext(plaintext), encrypted: true };
  }

  async key(): Promise<PublicEncryptionKey> {
    return formOf(await this.#opened.current());
  }

  async rotateKey(): Promise<PublicEncryptionKey> {
    const keys = this.#opened;
    if (this.#context?.isClosed()) throw new PushError(CLOSED);
    await this.#queue(async () => {
      await keys.replace(true);
      await this.#bring();
    });
    return this.key();
  }

  get #opened(): EncryptionKeys {
    if (this.#keys !== undefined) return this.#keys;
    throw optionInvalid("encryption: must be given to connect first");
  }

  async #decrypt(body: Uint8Array): Promise<Uint8Array> {
    const { subtle } = this.#context?.host.crypto ?? crypto;
    const keys = this.#opened;
    const tried = new Set<number>();
    let cause: unknown;
    let unread: PushError | undefined;
    // Again with what another client of the same storage, such as a second process, has stored since.
    for (const reload of [false, true]) {
      if (reload) await this.#queue(() => keys.load());
      unread = undefined;
      for (const record of keys.records) {
        if (tried.has(record.n)) continue;
        try {
          const key = await keys.open(record);
          tried.add(record.n);
          return await decrypt(subtle, key, key.privateKey, body);
        } catch (error) {
          // The key that opens it may be the one that could not be read.
          if (isStorageFailed(error)) unread = error;
          else cause ??= error;
        }
      }
    }
    if (unread !== undefined) throw unread;
    throw failed("The message is not encrypted to a key of this registration, or altered.", cause);
  }

  /** Gives the mesh the current key of the registration, or takes it away, if it has another one. */
  async #bring(): Promise<void> {
    const identity = this.#identity;
    const keys = this.#opened;
    if (identity === undefined) return;
    await keys.load();
    // The messages of an earlier registration are gone, and its key with them.
    if (keys.identity !== null && keys.identity !== identity) {
      await keys.replace(false);
      await keys.mark(identity, undefined);
    }
    const key = this.#publish ? await keys.current() : undefined;
    const wanted = key?.n ?? 0;
    if (keys.identity === identity && keys.published === wanted) return;
    if (wanted !== keys.published) await this.#send(key);
    await keys.mark(identity, key);
  }

  async #send(key: DeviceKey | undefined): Promise<void> {
    const { publicKey, auth } = key ?? { publicKey: new Uint8Array(), auth: new Uint8Array() };
    await this.#context?.command({ kind: "publishKey", publicKey, auth });
  }

  #queue(act: () => Promise<void>): Promise<void> {
    const done = this.#last.then(act);
    this.#last = done.catch(() => {});
    return done;
  }
}

const formOf = ({ publicKey, auth }: DeviceKey): PublicEncryptionKey => ({
  publicKey: toBase64Url(publicKey),
  auth: toBase64Url(auth),
});

/**
 * Makes the encryption of one client, for the option `encryption` of `connect` or `openClient`.
 *
 * The private key stays on the device: in IndexedDB it is not extractable, and in files it is readable only by their owner. A message that
 * cannot be decrypted is not shown: `onError` gets `decrypt_failed` with its ID, and its sender is told `expired`. While the storage fails,
 * it waits, and `onError` gets `storage_failed` with its ID. Broadcasts are never encrypted.
 */
export function webPushEncryption(options: WebPushEncryptionOptions = {}): WebPushEncryption {
  return new WebPush(options);
}
