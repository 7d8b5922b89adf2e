/** Leads the tabs of an origin from a SharedWorker. */
import { defaultHost, type Host } from "../host.ts";
import { indexedDbStorage } from "../storage/indexed-db.ts";
import type { SharedStorage, Storage } from "../storage/storage.ts";
import { Engine } from "./engine.ts";
import { Leader } from "./leader.ts";
import { holdLock } from "./locks.ts";
import { leaderName, tabOfLock } from "./names.ts";
import type { Summons } from "./summon.ts";

/** What the worker uses of its global scope. */
interface WorkerScope {
  onconnect: ((event: { readonly ports: readonly WorkerPort[] }) => void) | null;
}

interface WorkerPort {
  onmessage: ((event: { readonly data: Summons & { readonly kind: string } }) => void) | null;
}

/** Leads, for each storage that a tab names, while there are tabs of it: the page of a client that is closed may stay, and its worker with it. */
export function serveWorker(
  scope: WorkerScope,
  host: Host = defaultHost(),
  storageOf: (name: string) => Storage = indexedDbStorage,
): void {
  /** By storage: what the tab said that has asked last. */
  const led = new Map<string, Summons>();
  const lead = async (summons: Summons): Promise<void> => {
    const name = summons.storage;
    const { shared } = storageOf(name);
    if (shared === undefined) return;
    const isLed = led.has(name);
    led.set(name, summons);
    if (isLed) return;
    try {
      for (let asked: Summons | undefined = summons; asked; ) {
        await leadTabs(shared, host, asked);
        const last = led.get(name);
        // One that has come meanwhile holds its lock, or asks while we look.
        const isWanted: boolean = last !== asked && (await hasTabs(name));
        asked = isWanted || led.get(name) !== last ? led.get(name) : undefined;
      }
    } finally {
      led.delete(name);
    }
  };
  scope.onconnect = ({ ports }) => {
    for (const port of ports)
      port.onmessage = ({ data }) => {
        if (data.kind === "lead") lead(data).catch(host.report);
      };
  };
}

/** Resolves when no tab is left, and the link has ended. */
async function leadTabs(
  shared: SharedStorage,
  host: Host,
  { url, identifiers }: Summons,
): Promise<void> {
  const lock = `${leaderName(shared.name)}/worker/${host.random()}`;
  const release = await holdLock(lock);
  const { promise: empty, resolve: onEmpty } = Promise.withResolvers<void>();
  const leader = new Leader({
    ...{ shared, host, lock, onEmpty },
    load: ({ storage, isCurrent }) => Engine.open({ url, identifiers, storage, host, isCurrent }),
    // That which has asked may have gone before.
    onLead: () => {
      hasTabs(shared.name).then((has) => has || onEmpty(), host.report);
    },
    onFailed: host.report,
  });
  leader.start(false);
  await empty;
  await leader.close();
  release();
}

async function hasTabs(storage: string): Promise<boolean> {
  const { held = [] } = await navigator.locks.query();
  return held.some(({ name }) => tabOfLock(storage, name) !== undefined);
}
