/** Where the SDK keeps what must outlive a restart. */
import type { NativeKeyPair } from "../../crypto-types.ts";
import { STORAGE_TIMEOUT_MS } from "../constants.ts";
import { PushError } from "../errors.ts";
import type { Host } from "../host.ts";

/** What a storage holds: text, and a key pair only where `Storage.keepsKeys` is true. */
export type Stored = string | NativeKeyPair;

/**
 * A small key-value store. Keys are up to 128 characters of `A–Z a–z 0–9 . _ / -`; a message costs one write of
 * at most 1,100 bytes, a broadcast two. A write has happened when its promise resolves, and is whole or not there.
 */
export interface Storage {
  /** The value, or undefined where there is none. */
  get(key: string): Promise<Stored | undefined>;
  set(key: string, value: Stored): Promise<void>;
  /**
   * Stores the value where there is none, as one step whatever else uses the storage, and resolves with what is stored then.
   * Two starts at once would else make two devices. A storage without it must not be started on twice at once.
   */
  add?(key: string, value: Stored): Promise<Stored>;
  /** Deleting what is not there is no error. */
  delete(key: string): Promise<void>;
  /** True where it can hold a CryptoKeyPair: then the device's private key is made non-extractable. */
  readonly keepsKeys: boolean;
}

/**
 * A storage that forgets everything at exit: each start is a new device, whose regId the app server must learn
 * anew. For tests and throw-away listeners.
 */
export function memoryStorage(): Storage {
  const values = new Map<string, Stored>();
  return {
    keepsKeys: true,
    get: async (key) => values.get(key),
    set: async (key, value) => {
      values.set(key, value);
    },
    add: async (key, value) => {
      const stored = values.get(key) ?? value;
      values.set(key, stored);
      return stored;
    },
    delete: async (key) => {
      values.delete(key);
    },
  };
}

/** `add` for a storage that lacks it: right unless another does the same at the same time. */
async function addTo(storage: Storage, key: string, value: Stored): Promise<Stored> {
  const stored = await storage.get(key);
  if (stored === undefined) await storage.set(key, value);
  return stored ?? value;
}

/**
 * The same storage, whose failures are `storage_failed` errors that name the key.
 *
 * @param host With one, a write that does not answer for 30 s has failed.
 */
export function guardStorage(storage: Storage, host?: Pick<Host, "after">): Required<Storage> {
  const guard = async <T>(key: string, act: () => Promise<T>): Promise<T> => {
    try {
      return await act();
    } catch (cause) {
      const message = `The storage failed at ${key}, or did not answer: start again, or give another storage.`;
      throw new PushError({ code: "storage_failed", message, retry: "later", cause });
    }
  };
  const inTime = async (act: () => Promise<void>): Promise<void> => {
    let cancel: (() => void) | undefined;
    const late = new Promise<never>((_, reject) => {
      cancel = host?.after(STORAGE_TIMEOUT_MS, reject);
    });
    await Promise.race([act(), late]).finally(() => cancel?.());
  };
  return {
    keepsKeys: storage.keepsKeys,
    get: (key) => guard(key, () => storage.get(key)),
    set: (key, value) => guard(key, () => inTime(() => storage.set(key, value))),
    add: (key, value) => guard(key, () => storage.add?.(key, value) ?? addTo(storage, key, value)),
    delete: (key) => guard(key, () => inTime(() => storage.delete(key))),
  };
}
