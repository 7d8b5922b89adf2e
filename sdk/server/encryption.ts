/** End-to-end encryption for app servers: the keys of devices, pinned, and messages encrypted to them (RFC 8291). */
import { BoundedMap } from "../../schema/bounded-map.ts";
import {
  AUTH_BYTES,
  isPublishable,
  NOTIFICATION_FORM,
  OVERHEAD_BYTES,
  PUBLIC_KEY_BYTES,
} from "../../schema/encrypted.ts";
import type { SendBodyInput } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { fromBase64Url, toBase64 } from "../../schema/text.ts";
import { CURVE, concat, encrypt, type ReceiverKey } from "../rfc8291.ts";
import { checkArguments, OPTIONS_ARGUMENT, objectArgument, textArgument } from "./arguments.ts";
import { encodeBody, type MessageData } from "./body.ts";
import { optionError, PushServerError } from "./errors.ts";
import type { SignedCalls } from "./signed-calls.ts";

/** The key of a registration. */
export interface EncryptionKey {
  /** P-256, uncompressed: 65 bytes in base64url. */
  readonly publicKey: string;
  /** The authentication secret: 16 bytes in base64url. */
  readonly auth: string;
}

/** A key that this server encrypts to from now on. */
export interface PinnedKey extends EncryptionKey {
  /** It came from the app itself (`pin`), and the mesh is not asked. */
  readonly isFromApp?: boolean | undefined;
}

/** Where pins are kept. Give one that outlives the process: a pin that is lost is trusted anew at the next send. */
export interface PinStore {
  get(regId: string): PinnedKey | undefined | Promise<PinnedKey | undefined>;
  set(regId: string, key: PinnedKey): void | Promise<void>;
  delete(regId: string): void | Promise<void>;
}

export interface EncryptionOptions {
  /** Default: the memory of this process, the last 10,000 registrations. */
  readonly pins?: PinStore | undefined;
  /**
   * Called when the mesh has another key for a registration than the pinned one: the device has replaced it (`rotateKey`), or the mesh
   * lies. Return true to pin the new one. Default: the send fails with `encryption_key_changed`.
   */
  readonly onKeyChange?:
    | ((regId: string, key: EncryptionKey, pinned: EncryptionKey) => boolean | Promise<boolean>)
    | undefined;
}

/** Bytes of data that can be encrypted: the largest body without what RFC 8291 adds, and the byte that says the form of the data. */
export const ENCRYPTABLE_BYTES = LIMITS.DATA_BYTES - OVERHEAD_BYTES - 1;

/** How long the mesh is not asked again for a key. A device keeps replaced keys far longer. */
const CHECK_MS = 300_000;
const PINS = 10_000;
/** The first byte of a plaintext: see docs/protocol.md. */
const FORM = { json: 1, text: 2, bytes: 3 } as const;

const utf8 = new TextEncoder();
type Bytes = Uint8Array<ArrayBuffer>;

/** A P-256 private key of 32 bytes in PKCS #8, without its public key. */
const PKCS8_HEAD = Uint8Array.from(
  atob("MEECAQAwEwYHKoZIzj0CAQYIKoZIzj0DAQcEJzAlAgEBBCA="),
  (character) => character.charCodeAt(0),
);

function memoryPins(): PinStore {
  const pins = new BoundedMap<string, PinnedKey>(PINS);
  return {
    get: (regId) => pins.get(regId),
    set: (regId, key) => pins.set(regId, key),
    delete: (regId) => void pins.delete(regId),
  };
}

/**
 * The keys of registrations.
 *
 * The first key that the mesh answers for a regId is pinned, and another one is an error until it is accepted. So the mesh can read
 * messages only if it lies at the first send to a registration. To rule that out, have the app give its key (`encryption.key()` of the
 * device SDK) to your server over your own connection, and `pin` it.
 */
export class Encryption {
  readonly #calls: SignedCalls;
  readonly #pins: PinStore;
  readonly #onKeyChange: EncryptionOptions["onKeyChange"];
  /** When the mesh was asked, by regId. */
  readonly #checked = new BoundedMap<string, number>(PINS);

  /** @internal */
  constructor(calls: SignedCalls, { pins = memoryPins(), onKeyChange }: EncryptionOptions = {}) {
    this.#calls = calls;
    this.#pins = pins;
    this.#onKeyChange = onKeyChange;
  }

  /**
   * The key to encrypt to: the pinned one, once the mesh has confirmed it within the last 5 minutes.
   *
   * @throws PushServerError `encryption_key_missing` if the device has published none, `encryption_key_changed`, `unregistered`
   */
  async key(
    regId: string,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<EncryptionKey> {
    const pinned = await this.#pins.get(regId);
    const now = this.#calls.host.now();
    const checkedAt = this.#checked.get(regId) ?? Number.NEGATIVE_INFINITY;
    const isFresh = pinned?.isFromApp === true || Math.abs(now - checkedAt) < CHECK_MS;
    if (pinned !== undefined && isFresh) return pinned;
    const path = `/v1/registrations/${encodeURIComponent(regId)}/encryption-key` as const;
    const answer = await this.#calls.call<"getEncryptionKey">("GET", path, { signal });
    const key = { publicKey: answer.publicKey, auth: answer.auth };
    receiverOf(key);
    const isSame = pinned?.publicKey === key.publicKey && pinned.auth === key.auth;
    if (pinned !== undefined && !isSame && !(await this.#onKeyChange?.(regId, key, pinned))) {
      throw changed(regId);
    }
    if (!isSame) await this.#pins.set(regId, key);
    this.#checked.set(regId, now);
    return key;
  }

  /**
   * Pins a key that the app gave to this server itself. The mesh is not asked for this registration any more.
   *
   * @throws PushServerError `option_invalid` if it is no key
   */
  async pin(regId: string, { publicKey, auth }: EncryptionKey): Promise<void> {
    receiverOf({ publicKey, auth });
    await this.#pins.set(regId, { publicKey, auth, isFromApp: true });
  }

  /** Forgets the pin: the next key of the mesh is trusted. Call it when you delete a regId, or to accept a changed key. */
  async forget(regId: string): Promise<void> {
    this.#checked.delete(regId);
    await this.#pins.delete(regId);
  }

  /** The fields of a message that is encrypted to the registration. */
  async seal(
    regId: string,
    content: PlainContent,
    idempotencyKey: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly dataBase64: string; readonly encrypted: true }> {
    const plaintext = plaintextOf(content);
    if (plaintext.length - 1 > ENCRYPTABLE_BYTES) {
      const { notification } = content;
      const what = notification === undefined ? "data" : "data and notification";
      const bytes = plaintext.length - 1;
      throw optionError(`${what}: ${bytes} bytes; at most ${ENCRYPTABLE_BYTES} can be encrypted`);
    }
    const receiver = receiverOf(await this.key(regId, { signal }));
    const { sender, salt } = await this.#senderOf(receiver, plaintext, idempotencyKey);
    const body = await encrypt(crypto.subtle, receiver, plaintext, sender, salt).catch((cause) => {
      throw optionError("key: publicKey is no point of P-256", cause);
    });
    return { dataBase64: toBase64(body), encrypted: true };
  }

  /**
   * The key pair and salt of one message: random, or with an idempotency key of the caller the same for the same message. Otherwise a
   * repeated call, perhaps of another process, would be another body under the same key, and the mesh refuses that.
   */
  async #senderOf(receiver: ReceiverKey, plaintext: Bytes, idempotencyKey: string | undefined) {
    let seed = crypto.getRandomValues(new Uint8Array(32));
    if (idempotencyKey !== undefined) {
      const signer = await this.#calls.signer();
      const message = await crypto.subtle.digest("SHA-256", plaintext);
      const label = utf8.encode(`pushmesh-encryption-v1\n${idempotencyKey}\n`);
      const { publicKey, auth } = receiver;
      // Secret, because both HMAC and Ed25519 are deterministic and only the holder of the key can compute them.
      const signature = await signer.sign(concat(label, publicKey, auth, new Uint8Array(message)));
      seed = new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.from(signature)));
    }
    // The order of the curve begins with 32 ones: as good as no seed is above it, and then the import fails.
    const scalar = new Uint8Array(await crypto.subtle.digest("SHA-256", concat(seed, [0])));
    const salt = new Uint8Array(await crypto.subtle.digest("SHA-256", concat(seed, [1])));
    const der = concat(PKCS8_HEAD, scalar);
    const privateKey = await crypto.subtle.importKey("pkcs8", der, CURVE, true, ["deriveBits"]);
    const { x = "", y = "" } = (await crypto.subtle.exportKey("jwk", privateKey)) as JsonWebKey;
    const publicKey = concat([4], fromBase64Url(x) ?? [], fromBase64Url(y) ?? []);
    return { sender: { privateKey, publicKey }, salt: salt.subarray(0, 16) };
  }
}

/** @throws PushServerError `option_invalid` */
function receiverOf({ publicKey, auth }: EncryptionKey): ReceiverKey {
  const bytes = (text: unknown) => (typeof text === "string" && fromBase64Url(text)) || null;
  const receiver = { publicKey: bytes(publicKey), auth: bytes(auth) };
  if (!receiver.publicKey || !receiver.auth || !isPublishable(receiver.publicKey, receiver.auth)) {
    throw optionError(
      `key: publicKey must be an uncompressed point of ${PUBLIC_KEY_BYTES} bytes, and auth ${AUTH_BYTES} bytes, both in base64url`,
    );
  }
  return receiver as ReceiverKey;
}

/** What is encrypted. */
interface PlainContent {
  readonly data?: MessageData | undefined;
  readonly json?: string | undefined;
  readonly notification?: SendBodyInput["notification"];
}

function plaintextOf({ notification, ...content }: PlainContent): Bytes {
  if (notification === undefined) return plainDataOf(content);
  const json = encodeBody(notification);
  const isEmpty = content.data === undefined && content.json === undefined;
  const data = plainDataOf(isEmpty ? { json: "{}" } : content);
  return concat([NOTIFICATION_FORM, json.length >> 8, json.length & 0xff], json, data);
}

function plainDataOf({ data, json }: PlainContent): Bytes {
  if (json !== undefined) return concat([FORM.json], utf8.encode(json));
  if (typeof data === "string") return concat([FORM.text], utf8.encode(data));
  if (data instanceof ArrayBuffer) return concat([FORM.bytes], new Uint8Array(data));
  if (ArrayBuffer.isView(data)) {
    const { buffer, byteOffset, byteLength } = data;
    return concat([FORM.bytes], new Uint8Array(buffer, byteOffset, byteLength));
  }
  // Checked as in the body of any message, and then taken out of it.
  const body = encodeBody({ data });
  return concat([FORM.json], body.subarray('{"data":'.length, -1));
}

function changed(regId: string): PushServerError {
  const message = `The mesh has another encryption key for ${regId} than the pinned one: if its device replaced it, call encryption.forget(regId).`;
  return new PushServerError({ code: "encryption_key_changed", message, retry: "never" });
}

checkArguments(Encryption.prototype, {
  key: [textArgument("regId"), OPTIONS_ARGUMENT],
  pin: [textArgument("regId"), objectArgument("key")],
  forget: [textArgument("regId")],
});
