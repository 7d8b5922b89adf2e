/** The keys to which app servers encrypt messages: devices publish them, and they end with their registrations. */
import { AUTH_BYTES, isPublishable, PUBLIC_KEY_BYTES } from "../../../schema/encrypted.ts";
import { MeshError } from "../../../schema/errors.ts";
import type { PublishKey } from "../../../schema/generated/link.ts";
import { toBase64Url } from "../../../schema/text.ts";
import type { Registration } from "../registration.ts";
import type { EncryptionKey, EncryptionKeyStore } from "../store.ts";

/** They are read when they are asked for: a send needs none, so a device that wakes reads none. */
export class PublishedKeys {
  readonly #store: EncryptionKeyStore;

  constructor(store: EncryptionKeyStore) {
    this.#store = store;
  }

  /** The key of a registration; not that of an earlier one in its slot. */
  of({ slot, generation }: Registration): EncryptionKey | null {
    const key = this.#store.readEncryptionKey(slot);
    return key?.generation === generation ? key : null;
  }

  /** Writes one row, or none if the key is published already. Two empty fields withdraw it. @returns a refusal */
  publish(
    registration: Registration,
    { publicKey, auth }: Pick<PublishKey, "publicKey" | "auth">,
    now: number,
  ): MeshError | null {
    const { slot, generation } = registration;
    if (publicKey.length + auth.length === 0) {
      this.end(slot);
      return null;
    }
    if (!isPublishable(publicKey, auth)) {
      const detail = `publicKey: ${publicKey.length} bytes, must be an uncompressed point of ${PUBLIC_KEY_BYTES}; auth: ${auth.length} bytes, must be ${AUTH_BYTES}`;
      return new MeshError("encryption_key_invalid", detail);
    }
    const key = { publicKey: toBase64Url(publicKey), auth: toBase64Url(auth) };
    const known = this.of(registration);
    if (known?.publicKey === key.publicKey && known.auth === key.auth) return null;
    this.#store.writeEncryptionKey(slot, { ...key, publishedAt: now, generation });
    return null;
  }

  /** The registration ends, or its key is withdrawn. Writes a row if there was a key. */
  end(slot: number): void {
    this.#store.writeEncryptionKey(slot, null);
  }
}
