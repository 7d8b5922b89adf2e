/** The storage of browsers: IndexedDB, where a private key can be kept that no script can read. */
import type { Storage, Stored } from "./storage.ts";

const STORE = "values";

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * A storage in IndexedDB. Pages of one origin that use the same name are one device: the newest of them holds
 * the link, and the others are told `replaced`.
 *
 * @param name Name of the database; default `pushmesh`.
 */
export function indexedDbStorage(name = "pushmesh"): Storage {
  let opened: Promise<IDBDatabase> | undefined;

  const open = (): Promise<IDBDatabase> => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    return settled(request).then((database) => {
      // Another page deletes or upgrades the database, or the browser drops it: open it anew at the next use.
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
  const write = async (act: (store: IDBObjectStore) => void): Promise<void> => {
    const transaction = (await database()).transaction(STORE, "readwrite");
    act(transaction.objectStore(STORE));
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
  };

  return {
    keepsKeys: true,
    get: async (key) => {
      const transaction = (await database()).transaction(STORE, "readonly");
      return settled<Stored | undefined>(transaction.objectStore(STORE).get(key));
    },
    set: (key, value) => write((store) => store.put(value, key)),
    delete: (key) => write((store) => store.delete(key)),
  };
}
