/** What the tabs of an origin share, in one process: storages, and a SharedWorker. */
import {
  type ConnectOptions,
  connect,
  type Host,
  type PushClient,
  type PushWorker,
  type SharedStorage,
  type Storage,
  type Stored,
} from "../../../../sdk/device/mod.ts";
import { SharedClient } from "../../../../sdk/device/shared/client.ts";
import { leaderName } from "../../../../sdk/device/shared/names.ts";
import { serveWorker } from "../../../../sdk/device/shared/serve-worker.ts";

let last = 0;
const shared = new WeakMap<Storage, SharedStorage>();

/** The same storage, which clients share. Of one storage it is always the same. */
export function sharing(storage: Storage): Storage {
  const known = shared.get(storage);
  if (known) return { ...storage, shared: known };
  const name = `test-${++last}-${crypto.randomUUID()}`;
  let current = 0;
  const made: SharedStorage = {
    name,
    take: async () => {
      const number = ++current;
      const within = async <T>(act: () => Promise<T>): Promise<T> => {
        if (number !== current) throw new Error("another tab has taken over");
        return act();
      };
      const term: Storage = {
        keepsKeys: storage.keepsKeys,
        get: (key) => within(() => storage.get(key)),
        set: (key, value) => within(() => storage.set(key, value)),
        delete: (key) => within(() => storage.delete(key)),
        ...(storage.add && {
          add: (key: string, value: Stored) =>
            within(() => storage.add?.(key, value) ?? Promise.reject()),
        }),
      };
      return { number, storage: term, isCurrent: async () => number === current };
    },
  };
  shared.set(storage, made);
  return { ...storage, shared: made };
}

/** Where the engine of a client is: its own, or that of the tab that leads, or that of a worker, or its push service behind a socket. */
export type EngineKind = "alone" | "tab" | "worker" | "service";

interface RunningWorker {
  readonly scope: Parameters<typeof serveWorker>[0];
  /** That use it and are open. */
  pages: number;
}

/** By the name of a storage. */
const workers = new Map<string, RunningWorker>();

/** A page that uses the SharedWorker of a storage. As in browsers, the worker begins with the first page, and ends with the last one. */
export function openPage(storage: Storage, host: Host) {
  const own = sharing(storage);
  const { name = "" } = own.shared ?? {};
  const running = workers.get(name) ?? { scope: { onconnect: null }, pages: 0 };
  if (running.pages++ === 0) serveWorker(running.scope, host, () => own);
  workers.set(name, running);
  const { port1, port2 } = new MessageChannel();
  running.scope.onconnect?.({ ports: [port2 as never] });
  return {
    /** Options of its client. */
    options: {
      storage: own,
      worker: (): PushWorker => ({ port: port1, addEventListener: () => {} }),
    },
    /** Its client is closed. Resolves once a worker that ends with it has let go of the link. */
    close: async (): Promise<void> => {
      port1.close();
      if (--running.pages > 0) return;
      workers.delete(name);
      await navigator.locks.request(leaderName(name), () => {});
    },
  };
}

/** A client in a page of its own, which is closed with it: whoever has closed a client looks at once at what the mesh has seen. */
export async function connectByWorker(
  options: ConnectOptions & { readonly storage: Storage; readonly host: Host },
): Promise<PushClient> {
  const page = openPage(options.storage, options.host);
  let closed: Promise<void> | undefined;
  try {
    const client = await connect({ ...options, ...page.options });
    const close = async (): Promise<void> => {
      await SharedClient.prototype.close.call(client);
      // Not yet where a handler awaits it.
      if (client.state !== "closed") return;
      closed ??= page.close();
      await closed;
    };
    return Object.assign(client, { close });
  } catch (error) {
    // Its worker may still wait for the storage.
    void page.close();
    throw error;
  }
}
