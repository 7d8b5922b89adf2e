/** A tab's way to the engine: in the tab that leads, which may be itself, or in a SharedWorker. */
import { LIVENESS_MS, PROBE_INTERVAL_MS } from "../constants.ts";
import type { Host } from "../host.ts";
import { portPair } from "../port.ts";
import type { SharedStorage, Term } from "../storage/storage.ts";
import type { AttachEvents, Attachment } from "./client.ts";
import type { Engine } from "./engine.ts";
import { Leader } from "./leader.ts";
import { holdLock, watchLock } from "./locks.ts";
import { type LobbyMessage, leaderName, type PipeMessage, pipeName, tabLock } from "./names.ts";
import type { FromEngine, ToEngine, ToEnginePort } from "./protocol.ts";

export interface TabOptions {
  readonly appId: string;
  readonly shared: SharedStorage;
  readonly host: Host;
  /** Starts an engine in this tab. */
  readonly load: (term: Term) => Promise<Engine>;
  /** Asks the worker to lead; throws, or calls `onFailed`, if there is none. Undefined if tabs lead. */
  readonly summon?: ((onFailed: () => void) => void) | undefined;
}

/** Of a wait that took this much longer, the tab itself was asleep: half of it counts. */
const LATE_MS = 1_000;
/** Tabs that miss their leader at once do not all take its place at once. */
const USURP_SPREAD_MS = 500;

export class Tab implements Attachment {
  readonly #options: TabOptions;
  readonly #events: AttachEvents;
  readonly #id = crypto.randomUUID();
  readonly #lock: string;
  readonly #lobby: BroadcastChannel;
  readonly #pipe: BroadcastChannel;
  readonly #leader: Leader;
  #isCandidate = false;
  /** The term of the engine that it is attached to. */
  #term = 0;
  #port: ToEnginePort | undefined;
  /** How often the leader gave no sign of life. */
  #misses = 0;
  #cancelWait: (() => void) | undefined;
  #cancelProbe = () => {};
  #unwatch = () => {};
  #watched = "";
  #leave: Promise<() => void> | undefined;
  #isClosed = false;

  constructor(options: TabOptions, events: AttachEvents) {
    const { appId, shared, host } = options;
    this.#options = options;
    this.#events = events;
    this.#lock = tabLock(shared.name, appId, this.#id);
    this.#lobby = new BroadcastChannel(leaderName(shared.name));
    this.#lobby.onmessage = ({ data }: MessageEvent<LobbyMessage | null>) => this.#hear(data);
    this.#pipe = new BroadcastChannel(pipeName(shared.name, this.#id));
    this.#pipe.onmessage = ({ data }: MessageEvent<PipeMessage<FromEngine> | null>) => {
      if (data?.to === "tab") this.#receive(data);
    };
    this.#leader = new Leader({
      ...{ shared, host, lock: this.#lock, ownId: this.#id, load: options.load },
      onLead: (engine, term) => this.#attachTo(engine, term),
      onLost: () => this.#seek(),
      onFailed: (error) => events.failed(error),
    });
    void this.#begin();
  }

  probe(): void {
    if (!this.#leader.leads && !this.#cancelWait) this.#seek();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopWaiting();
    this.#cancelProbe();
    this.#unwatch();
    await this.#leader.close();
    this.#lobby.close();
    this.#pipe.close();
    (await this.#leave)?.();
  }

  async #begin(): Promise<void> {
    this.#leave = holdLock(this.#lock);
    try {
      await this.#leave;
    } catch (error) {
      this.#events.failed(error);
      return;
    }
    if (this.#isClosed) return;
    if (this.#options.summon === undefined) this.#stand(false);
    else this.#summon();
    this.#seek();
  }

  #summon(): void {
    try {
      this.#options.summon?.(() => this.#stand(false));
    } catch {
      this.#stand(false);
    }
  }

  /** Becomes a candidate. @param steals also if there is a leader, which gives no sign of life */
  #stand(steals: boolean): void {
    if (this.#isClosed || (this.#isCandidate && !steals)) return;
    this.#isCandidate = true;
    this.#leader.start(steals);
  }

  /** Looks for the leader until it answers. */
  #seek(): void {
    this.#stopWaiting();
    if (this.#isClosed || this.#leader.leads) return;
    const { appId } = this.#options;
    const hello: LobbyMessage = { kind: "hello", appId, id: this.#id };
    this.#lobby.postMessage(hello);
    this.#wait();
  }

  /** Looks again if nothing is heard. @param isReadying the leader has said that it is not ready yet */
  #wait(isReadying = false): void {
    const { host } = this.#options;
    const since = host.elapsed();
    this.#stopWaiting();
    this.#cancelWait = host.after(LIVENESS_MS, () => {
      if (this.#leader.leads) return;
      if (isReadying) return this.#seek();
      const isLate = host.elapsed() - since > LIVENESS_MS + LATE_MS;
      this.#misses += isLate ? 0.5 : 1;
      this.#missed();
    });
  }

  #missed(): void {
    const { host, summon } = this.#options;
    // A worker that has ended is started again.
    const isEnough = this.#misses >= (summon && !this.#isCandidate ? 2 : 1);
    if (summon && !this.#isCandidate && !isEnough) this.#summon();
    if (!isEnough) {
      this.#seek();
      return;
    }
    this.#cancelWait = host.after(USURP_SPREAD_MS * host.random(), () => {
      this.#misses = 0;
      if (!this.#leader.leads) this.#stand(true);
      this.#seek();
    });
  }

  /** A leader in another tab may fall asleep. */
  #probeLater(): void {
    this.#cancelProbe();
    this.#cancelProbe = this.#options.host.after(PROBE_INTERVAL_MS, () => {
      // Nobody looks at a hidden tab, and its timers are late.
      if (globalThis.document?.visibilityState !== "hidden") this.probe();
      this.#probeLater();
    });
  }

  #stopWaiting(): void {
    this.#cancelWait?.();
    this.#cancelWait = undefined;
  }

  #hear(message: LobbyMessage | null): void {
    if (this.#isClosed || message?.kind !== "alive") return;
    const { to, lock, term } = message;
    if (lock === this.#lock || (to !== undefined && to !== this.#id)) return;
    if (term !== undefined && term < this.#term) return;
    this.#misses = 0;
    this.#watch(lock);
    if (to === undefined) {
      // Answered with a term, by which its end of our channel is there.
      if (term !== this.#term) this.#seek();
    } else if (term === undefined) this.#wait(true);
    else {
      this.#stopWaiting();
      this.#attachAt(term);
    }
  }

  /** Looks for the next leader once this one is gone. */
  #watch(lock: string): void {
    if (this.#watched === lock) return;
    this.#unwatch();
    this.#watched = lock;
    this.#unwatch = watchLock(lock, () => {
      this.#watched = "";
      if (!this.#isCandidate) this.#summon();
      this.#seek();
    });
  }

  #receive({ term, data }: PipeMessage<FromEngine>): void {
    if (this.#isClosed) return;
    // What an earlier leader has given us before it went counts as given.
    if (term > this.#term) this.#attachAt(term);
    if (term === this.#term) this.#port?.onmessage?.({ data });
    else this.#events.late(data);
  }

  #attachAt(term: number): void {
    if (term <= this.#term) return;
    this.#term = term;
    const port: ToEnginePort = {
      onmessage: null,
      postMessage: (data) => {
        const message: PipeMessage<ToEngine> = { to: "leader", term, data };
        if (!this.#isClosed) this.#pipe.postMessage(message);
      },
      close: () => {},
    };
    this.#port = port;
    this.#probeLater();
    this.#events.attached(port);
  }

  /** This tab leads. */
  #attachTo(engine: Engine, term: number): void {
    this.#stopWaiting();
    this.#cancelProbe();
    this.#term = term;
    this.#unwatch();
    this.#watched = "";
    this.#port = undefined;
    const { client, service } = portPair<ToEngine, FromEngine>();
    engine.serve(service);
    this.#events.attached(client);
  }
}
