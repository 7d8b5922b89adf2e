/** One alias in a process that holds them all: gives core/alias its part of the shared database, and devices. */
import { Alias } from "../../../core/alias/alias.ts";
import type {
  AliasConfirmation,
  AliasHolders,
  AliasSetAnswer,
  AliasSetRequest,
  AliasUnsetRequest,
  FirstAckRequest,
  LateOrder,
} from "../../../core/alias/types.ts";
import type { AliasRpc } from "../../../objects/interfaces/rpc.ts";
import { isMistake } from "../../../objects/mistake.ts";
import { withTimeout } from "../../../objects/timeout.ts";
import { SharedAliasStore } from "../store/alias-store.ts";
import type { Mesh } from "./mesh.ts";
import type { Pooled } from "./pool.ts";

/** What is in memory while calls are under way. */
interface Awake {
  readonly alias: Alias;
  readonly store: SharedAliasStore;
  calls: number;
}

export class AliasHost implements AliasRpc, Pooled {
  readonly #mesh: Mesh;
  readonly name: string;
  #awake: Awake | null = null;
  /** When to look whether its row can go, milliseconds since 1970; null for not at all. */
  #alarmAt: number | null = null;

  constructor(mesh: Mesh, name: string) {
    this.#mesh = mesh;
    this.name = name;
  }

  get isNeeded(): boolean {
    return this.#awake !== null;
  }

  set(request: AliasSetRequest): Promise<AliasSetAnswer> {
    return this.#run((alias) => alias.set(request));
  }

  unset(request: AliasUnsetRequest): Promise<LateOrder | undefined> {
    return this.#run((alias) => alias.unset(request));
  }

  confirm(request: AliasUnsetRequest): Promise<AliasConfirmation> {
    return this.#run((alias) => alias.confirm(request));
  }

  holders(key?: Uint8Array): Promise<AliasHolders> {
    return this.#run((alias) => alias.holders(key));
  }

  firstAck(request: FirstAckRequest): Promise<void> {
    return this.#run((alias) => alias.firstAck(request));
  }

  /** Wakes it, so that it goes if nobody needs it: for what a process before this one left. */
  onStart(): Promise<void> {
    return this.#run((alias) => alias.onAlarm());
  }

  /**
   * Leaves memory unless a call is under way, or it is to go: it is one row, so that nothing is gained by keeping it. A row that
   * nobody holds stays for minutes, so that its alarm need not outlast the process: see `Leftovers`.
   */
  sleep(): boolean {
    if (this.#awake !== null && this.#awake.calls > 0) return false;
    if (this.#alarmAt !== null) {
      if (this.#alarmAt > Date.now()) return false;
      this.#alarmAt = null;
      this.#run((alias) => alias.onAlarm()).catch((error) => this.#mesh.report(error));
      return false;
    }
    this.#awake = null;
    return true;
  }

  /** Runs a call; what it answers is on disk. */
  async #run<Answer>(call: (alias: Alias) => Promise<Answer>): Promise<Answer> {
    const awake = this.#wake();
    awake.calls++;
    try {
      const answer = await call(awake.alias);
      await awake.store.writer.durable();
      return answer;
    } catch (error) {
      if (isMistake(error)) awake.store.writer.end(error as Error);
      throw error;
    } finally {
      awake.calls--;
    }
  }

  #wake(): Awake {
    const mesh = this.#mesh;
    if (this.#awake?.store.writer.failure != null) this.#awake = null;
    if (this.#awake === null) {
      const store = new SharedAliasStore(mesh.db, this.name);
      const alias = new Alias({
        store,
        host: {
          durable: () => store.writer.durable(),
          device: (name) => mesh.device(name),
          withTimeout,
          now: () => Date.now(),
          setAlarm: (at) => {
            this.#alarmAt = at;
          },
          reportError: (error) => mesh.report(error),
        },
      });
      this.#awake = { alias, store, calls: 0 };
      mesh.aliases.woke(this);
    }
    return this.#awake;
  }
}
