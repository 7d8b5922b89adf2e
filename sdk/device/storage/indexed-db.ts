/** The storage of browsers: IndexedDB, which can hold a private key that no script can read. */
import type { Storage, Stored, Term } from "./storage.ts";

const STORE = "values";
/** Key of the number of the current term; see `SharedStorage`. */
const TERM = "device/term";

type Act<T> = (store: IDBObjectStore) => T | Promise<T>;

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * A storage in IndexedDB. Pages of one origin that use the same name are one device, and share its link.
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

  /** @param check runs first in each transaction, and makes it fail by rejecting */
  const storageOf = (check: (store: IDBObjectStore) => Promise<void> | void): Storage => {
    const checked = <T>(mode: IDBTransactionMode, act: Act<T>): Promise<T> =>
      use(mode, async (store) => {
        await check(store);
        return act(store);
      });
    return {
      keepsKeys: true,
      get: (key) => checked("readonly", (store) => settled<Stored | undefined>(store.get(key))),
      set: (key, value) => checked("readwrite", (store) => void store.put(value, key)),
      add: (key, value) =>
        checked("readwrite", async (store) => {
          const stored = await settled<Stored | undefined>(store.get(key));
          // Within the transaction of the read, so that nobody writes in between.
          if (stored === undefined) await settled(store.put(value, key));
          return stored ?? value;
        }),
      delete: (key) => checked("readwrite", (store) => void store.delete(key)),
    };
  };
  const termIn = async (store: IDBObjectStore): Promise<number> =>
    Number((await settled(store.get(TERM))) ?? 0);
  const take = async (): Promise<Term> => {
    const number = await use("readwrite", async (store) => {
      // The time where it was cleared: higher than the terms before, which tabs remember.
      const next = Math.max(1 + (await termIn(store)), Date.now());
      await settled(store.put(`${next}`, TERM));
      return next;
    });
    const isCurrent = () => use("readonly", async (store) => (await termIn(store)) === number);
    const storage = storageOf(async (store) => {
      if ((await termIn(store)) !== number) throw new Error("another tab has taken over");
    });
    return { number, storage, isCurrent };
  };
  return { ...storageOf(() => {}), shared: { name, take } };
}
