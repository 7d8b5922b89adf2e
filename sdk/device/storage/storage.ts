/** Storage for what the SDK must keep across restarts. */
import type { NativeKeyPair } from "../../crypto-types.ts";
import { STORAGE_TIMEOUT_MS } from "../constants.ts";
import { PushError } from "../errors.ts";
import type { Host } from "../host.ts";

/** A stored value: text, or a key pair if `Storage.keepsKeys` is true. */
export type Stored = string | NativeKeyPair;

/**
 * A small key-value store. Keys are up to 128 characters of `A–Z a–z 0–9 . _ / -`. A message costs one write of at most
 * 1,100 bytes, a broadcast two. When the promise of a write resolves, the write is durable. Writes are atomic.
 */
export interface Storage {
  /** The value, or undefined if there is none. */
  get(key: string): Promise<Stored | undefined>;
  set(key: string, value: Stored): Promise<void>;
  /**
   * Stores the value if there is none, atomically even if others use the storage, and resolves with the stored value. It
   * keeps two simultaneous starts from creating two devices. Without it, do not start twice at once on one storage.
   */
  add?(key: string, value: Stored): Promise<Stored>;
  /** It is not an error to delete a key that does not exist. */
  delete(key: string): Promise<void>;
  /** True if it can store a CryptoKeyPair. The private key of the device is then non-extractable. */
  readonly keepsKeys: boolean;
  /** Present if the tabs of an origin that use this storage may share one link. */
  readonly shared?: SharedStorage | undefined;
}

/** A storage with everything that the SDK uses for a client. */
export type GuardedStorage = Required<Omit<Storage, "shared">>;

/** What tabs need to share a storage: the tab that holds the link is the only one that writes. */
export interface SharedStorage {
  /** The same in all tabs that use this storage, and in no others. */
  readonly name: string;
  /** Begins a term: from then on, every operation of an earlier term fails, also one that is under way. */
  take(): Promise<Term>;
}

/** The time in which one tab holds the link. */
export interface Term {
  /** Higher than that of every earlier term. */
  readonly number: number;
  /** The storage, until the next term begins. */
  readonly storage: Storage;
  /** Whether no later term has begun. */
  isCurrent(): Promise<boolean>;
}

/**
 * A storage that forgets everything at exit: each start is a new device with a new regId for the app server. For tests and
 * temporary listeners.
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
 * The same storage, with failures reported as `storage_failed` errors that name the key.
 *
 * @param host If given, a write without an answer after 30 s has failed.
 */
export function guardStorage(storage: Storage, host?: Pick<Host, "after">): GuardedStorage {
  const guard = async <T>(key: string, act: () => Promise<T>): Promise<T> => {
    try {
      return await act();
    } catch (cause) {
      const message = `The storage failed at ${key}, or did not answer: restart, or pass another storage.`;
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
