/** Leads the tabs of an origin from a SharedWorker. */
import { defaultHost, type Host } from "../host.ts";
import { indexedDbStorage } from "../storage/indexed-db.ts";
import type { Storage } from "../storage/storage.ts";
import { Engine } from "./engine.ts";
import { Leader } from "./leader.ts";
import { holdLock } from "./locks.ts";
import { leaderName } from "./names.ts";
import type { Summons } from "./summon.ts";

/** What the worker uses of its global scope. */
interface WorkerScope {
  onconnect: ((event: { readonly ports: readonly WorkerPort[] }) => void) | null;
}

interface WorkerPort {
  onmessage: ((event: { readonly data: Summons & { readonly kind: string } }) => void) | null;
}

/** Leads, for each storage that a tab names, until the last tab is closed. */
export function serveWorker(
  scope: WorkerScope,
  host: Host = defaultHost(),
  storageOf: (name: string) => Storage = indexedDbStorage,
): void {
  const led = new Set<string>();
  const lead = async ({ storage, url, identifiers }: Summons): Promise<void> => {
    const { shared } = storageOf(storage);
    if (shared === undefined || led.has(storage)) return;
    led.add(storage);
    const lock = `${leaderName(storage)}/worker/${host.random()}`;
    await holdLock(lock);
    new Leader({
      ...{ shared, host, lock },
      load: ({ storage, isCurrent }) => Engine.open({ url, identifiers, storage, host, isCurrent }),
      onFailed: host.report,
    }).start(false);
  };
  scope.onconnect = ({ ports }) => {
    for (const port of ports)
      port.onmessage = ({ data }) => {
        if (data.kind === "lead") lead(data).catch(host.report);
      };
  };
}
