/** What the tabs of an origin share, in one process: storages, and a SharedWorker. */
import type {
  ConnectOptions,
  Host,
  PushWorker,
  SharedStorage,
  Storage,
  Stored,
} from "../../../../sdk/device/mod.ts";
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

/** The options by which a client has its engine there. */
export function engineOf(
  storage: Storage,
  host: Host,
  kind: EngineKind = "alone",
): Pick<ConnectOptions, "storage" | "worker"> {
  if (kind === "alone" || kind === "service") return { storage };
  const own = sharing(storage);
  return kind === "tab" ? { storage: own } : { storage: own, worker: () => workerOf(own, host) };
}

const workers = new Map<string, Parameters<typeof serveWorker>[0]>();

/** The worker of this storage, which begins when it is first asked for. It never ends. */
export function workerOf(storage: Storage, host: Host): PushWorker {
  const { name = "" } = storage.shared ?? {};
  const scope = workers.get(name) ?? { onconnect: null };
  if (!workers.has(name)) serveWorker(scope, host, () => storage);
  workers.set(name, scope);
  const { port1, port2 } = new MessageChannel();
  scope.onconnect?.({ ports: [port2 as never] });
  return { port: port1, addEventListener: () => {} };
}
