/** The storage of browsers: IndexedDB, which can hold a private key that no script can read. */
import type { Storage, Stored } from "./storage.ts";

const STORE = "values";

type Act<T> = (store: IDBObjectStore) => T | Promise<T>;

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * A storage in IndexedDB. Pages of one origin that use the same name are one device: the newest one holds the link, and the
 * others are closed with `replaced`.
 *
 * @param name Name of the database; default `pushmesh`.
 */
export function indexedDbStorage(name = "pushmesh"): Storage {
  let opened: Promise<IDBDatabase> | undefined;

  const open = (): Promise<IDBDatabase> => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    return settled(request).then((database) => {
      // Another page deletes or upgrades the database, or the browser drops it: reopen it at the next use.
      const forget = (): void => {
        database.close();
        opened = undefined;
      };
      database.onversionchange = forget;
      database.onclose = forget;
      return database;
    });
  };
  const database = (): Promise<IDBDatabase> => {
    opened ??= open().catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
  const run = async <T>(mode: IDBTransactionMode, act: Act<T>): Promise<T> => {
    const transaction = (await database()).transaction(STORE, mode);
    const done = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
    const [value] = await Promise.all([act(transaction.objectStore(STORE)), done]);
    return value;
  };
  /** WebKit drops a connection without a close event: a failed operation is repeated once on a new one. */
  const use = async <T>(mode: IDBTransactionMode, act: Act<T>): Promise<T> => {
    try {
      return await run(mode, act);
    } catch {
      opened = undefined;
      return await run(mode, act);
    }
  };

  return {
    keepsKeys: true,
    get: (key) => use("readonly", (store) => settled<Stored | undefined>(store.get(key))),
    set: (key, value) => use("readwrite", (store) => void store.put(value, key)),
    add: (key, value) =>
      use("readwrite", async (store) => {
        const stored = await settled<Stored | undefined>(store.get(key));
        // Within the transaction of the read, so that nobody writes in between.
        if (stored === undefined) await settled(store.put(value, key));
        return stored ?? value;
      }),
    delete: (key) => use("readwrite", (store) => void store.delete(key)),
  };
}
