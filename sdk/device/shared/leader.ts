/** Leads the tabs of a storage when it is its turn: has the engine, and serves the others. */
import { LIVENESS_MS, RETRY_BASE_MS, RETRY_MAX_MS } from "../constants.ts";
import type { Host } from "../host.ts";
import type { SharedStorage, Storage, Stored, Term } from "../storage/storage.ts";
import type { Engine } from "./engine.ts";
import { watchLock } from "./locks.ts";
import {
  type LobbyMessage,
  leaderName,
  type PipeMessage,
  pipeName,
  tabLock,
  tabOfLock,
} from "./names.ts";
import type { FromEngine, FromEnginePort, ToEngine } from "./protocol.ts";

export interface LeaderOptions {
  readonly shared: SharedStorage;
  readonly host: Host;
  /** A lock that is free once the leader is gone. */
  readonly lock: string;
  /** Its own tab, which it serves without a channel; undefined for a worker. */
  readonly ownId?: string | undefined;
  /** Starts the engine on the storage of the term. */
  readonly load: (term: Term) => Promise<Engine>;
  readonly onLead?: (engine: Engine, term: number) => void;
  /** It leads no more, and waits for its next turn. */
  readonly onLost?: () => void;
  /** The last tab has gone, beside its own. */
  readonly onEmpty?: () => void;
  readonly onFailed: (error: unknown) => void;
}

export class Leader {
  readonly #options: LeaderOptions;
  #waiting = new AbortController();
  #isClosed = false;
  #failures = 0;
  /** The time in which it leads; undefined while another one does. */
  #reign: Reign | undefined;
  #ended: Promise<unknown> = Promise.resolve();

  constructor(options: LeaderOptions) {
    this.#options = options;
  }

  get leads(): boolean {
    return this.#reign !== undefined;
  }

  /** Begins to wait for its turn. @param steals takes the turn of a leader that gives no sign of life */
  start(steals: boolean): void {
    this.#waiting.abort();
    this.#waiting = new AbortController();
    this.#ended = Promise.all([this.#ended, this.#run(steals, this.#waiting.signal)]);
  }

  /** Lets go of the link. Resolves when the next one can lead. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#waiting.abort();
    await this.#reign?.end(false);
    await this.#ended;
  }

  async #run(steals: boolean, signal: AbortSignal): Promise<void> {
    const { shared, onFailed, onLost, host } = this.#options;
    let how: LockOptions = steals ? { steal: true } : { signal };
    while (!this.#isClosed && !signal.aborted) {
      const reign = new Reign(this.#options);
      const failures: unknown[] = [];
      await navigator.locks
        .request(leaderName(shared.name), how, () =>
          this.#lead(reign).catch((error) => void failures.push(error)),
        )
        // Another tab has taken it from us, or we do not wait any more.
        .catch(() => {});
      await reign.end(true);
      if (this.#reign === reign) {
        this.#reign = undefined;
        onLost?.();
      }
      how = { signal };
      if (failures.length === 0) continue;
      onFailed(failures[0]);
      // Meanwhile another tab may do better.
      const waitMs = Math.min(RETRY_MAX_MS, RETRY_BASE_MS * 2 ** this.#failures++);
      await new Promise<void>((resolve) => {
        host.after(waitMs, resolve);
        signal.addEventListener("abort", () => resolve());
      });
    }
  }

  async #lead(reign: Reign): Promise<void> {
    if (this.#isClosed) return;
    this.#reign = reign;
    try {
      await reign.begin();
      this.#failures = 0;
      await reign.over;
    } finally {
      await reign.end(false);
    }
  }
}

class Reign {
  readonly #options: LeaderOptions;
  #lobby: BroadcastChannel | undefined;
  readonly #over = Promise.withResolvers<void>();
  /** By tab: what ends serving it. */
  readonly #tabs = new Map<string, () => void>();
  #engine: Engine | undefined;
  #cancelReady = () => {};
  #term: number | undefined;
  #ended: Promise<void> | undefined;

  constructor(options: LeaderOptions) {
    this.#options = options;
  }

  /** Resolves when it has ended. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  async begin(): Promise<void> {
    const { shared, load, host, ownId, onLead } = this.#options;
    const lobby = new BroadcastChannel(leaderName(shared.name));
    this.#lobby = lobby;
    lobby.onmessage = ({ data }: MessageEvent<LobbyMessage | null>) => {
      if (data?.kind === "hello") this.#welcome(data);
    };
    const term = await shared.take();
    const storage = watched(term, () => void this.end(true));
    const engine = await load({ ...term, storage });
    if (this.#ended) return engine.close(true);
    const { held = [] } = await navigator.locks.query();
    if (this.#ended) return engine.close(true);
    this.#engine = engine;
    this.#term = term.number;
    for (const { name } of held) {
      const tab = tabOfLock(shared.name, name);
      if (tab && tab.id !== ownId) this.#serve(tab.id, tab.appId, tab.appId);
    }
    if (this.#tabs.size > 0) this.#cancelReady = host.after(LIVENESS_MS, () => engine.ready());
    onLead?.(engine, term.number);
    this.#post(undefined);
  }

  /** @param isLost another tab leads */
  end(isLost: boolean): Promise<void> {
    this.#ended ??= this.#end(isLost);
    return this.#ended;
  }

  async #end(isLost: boolean): Promise<void> {
    this.#cancelReady();
    this.#lobby?.close();
    this.#lobby = undefined;
    await this.#engine?.close(isLost);
    for (const end of this.#tabs.values()) end();
    this.#over.resolve();
  }

  #welcome({ appId, id }: Extract<LobbyMessage, { kind: "hello" }>): void {
    if (this.#term !== undefined && !this.#tabs.has(id)) this.#serve(id, appId);
    this.#post(id);
  }

  #post(to: string | undefined): void {
    const { lock } = this.#options;
    const message: LobbyMessage = { kind: "alive", to, lock, term: this.#term };
    this.#lobby?.postMessage(message);
  }

  #serve(id: string, appId: string, expected?: string): void {
    const { shared } = this.#options;
    const engine = this.#engine;
    if (engine === undefined) return;
    const port = this.#portTo(id);
    const gone = (): void => {
      stop();
      this.#tabs.delete(id);
      if (this.#tabs.size === 0) this.#options.onEmpty?.();
    };
    const end = engine.serve(port, gone, expected);
    const stop = watchLock(tabLock(shared.name, appId, id), end);
    this.#tabs.set(id, stop);
  }

  #portTo(id: string): FromEnginePort {
    const term = this.#term ?? 0;
    const channel = new BroadcastChannel(pipeName(this.#options.shared.name, id));
    const port: FromEnginePort = {
      onmessage: null,
      postMessage: (data) => {
        const message: PipeMessage<FromEngine> = { to: "tab", term, data };
        channel.postMessage(message);
      },
      close: () => channel.close(),
    };
    channel.onmessage = ({ data }: MessageEvent<PipeMessage<ToEngine> | null>) => {
      if (data?.to === "leader" && data.term === term) port.onmessage?.({ data: data.data });
    };
    return port;
  }
}

/** The storage of a term; calls `onLost` before what fails because the next one has begun. */
function watched({ storage, isCurrent }: Term, onLost: () => void): Storage {
  const watch = async <T>(act: Promise<T>): Promise<T> => {
    try {
      return await act;
    } catch (error) {
      if (!(await isCurrent().catch(() => true))) onLost();
      throw error;
    }
  };
  return {
    keepsKeys: storage.keepsKeys,
    get: (key) => watch(storage.get(key)),
    set: (key, value) => watch(storage.set(key, value)),
    delete: (key) => watch(storage.delete(key)),
    ...(storage.add && {
      add: (key: string, value: Stored) => watch(storage.add?.(key, value) ?? Promise.reject()),
    }),
  };
}
