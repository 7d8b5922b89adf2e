/** The object of one alias: gives core/alias its rows, its alarm and the objects of devices. */
import { Alias } from "../../core/alias/alias.ts";
import type { AliasStore } from "../../core/alias/host.ts";
import type {
  AliasConfirmation,
  AliasHolders,
  AliasSetAnswer,
  AliasSetRequest,
  AliasUnsetRequest,
  FirstAckRequest,
  LateCommand,
} from "../../core/alias/types.ts";
import { writeAlias } from "../../core/move/alias.ts";
import type { AliasLine } from "../../schema/export.ts";
import { AlarmRetry } from "../alarm-retry.ts";
import type { Peers } from "../interfaces/peers.ts";
import type { AliasImportRpc, AliasRpc } from "../interfaces/rpc.ts";
import { durable, Memory } from "../memory.ts";
import type { Erasable, ObjectRuntime, Stored } from "../runtime.ts";
import { Stay } from "../stay.ts";
import { within } from "../timeout.ts";

type Store = AliasStore & Erasable;

interface Loaded {
  readonly alias: Alias;
  readonly store: Store;
}

export class AliasShell implements AliasRpc, AliasImportRpc {
  readonly #runtime: ObjectRuntime<Store>;
  readonly #peers: Pick<Peers, "device">;
  readonly #memory: Memory<Store, Loaded>;
  readonly #stay: Stay;
  readonly #retry: AlarmRetry;

  constructor(runtime: ObjectRuntime<Store>, peers: Pick<Peers, "device">) {
    this.#runtime = runtime;
    this.#peers = peers;
    this.#stay = new Stay(runtime.residence);
    this.#retry = new AlarmRetry(runtime);
    this.#memory = new Memory(runtime, (stored) => this.#load(stored));
  }

  get name(): string {
    return this.#runtime.name;
  }

  set(request: AliasSetRequest): Promise<AliasSetAnswer> {
    return this.#call((alias) => alias.set(request));
  }

  async unset(request: AliasUnsetRequest): Promise<LateCommand | undefined> {
    const late = await this.#call((alias) => alias.unset(request));
    await this.#free();
    return late;
  }

  async confirm(request: AliasUnsetRequest): Promise<AliasConfirmation> {
    const answer = await this.#call((alias) => alias.confirm(request));
    await this.#free();
    return answer;
  }

  holders(key?: Uint8Array): Promise<AliasHolders> {
    return this.#call((alias) => alias.holders(key));
  }

  firstAck(request: FirstAckRequest): Promise<void> {
    return this.#call((alias) => alias.firstAck(request));
  }

  /** The alarm has come: see `AlarmRetry`. */
  alarm(): Promise<void> {
    return this.#retry.ring(async () => {
      await this.#call((alias) => alias.onAlarm());
      await this.#free();
    });
  }

  async write(line: AliasLine): Promise<void> {
    await this.#memory.answer(({ store }) => writeAlias(store, line));
    // An alias without holders was about to be erased.
    if (line.holders.length === 0) await this.#runtime.alarm.set(this.#runtime.now());
  }

  /**
   * Leaves memory if there is nothing to do. It is a single row, so nothing is gained by keeping it.
   *
   * @returns false if there is
   */
  sleep(): boolean {
    return this.#stay.end(
      Number.POSITIVE_INFINITY,
      () => false,
      () => this.#memory.reload(),
    );
  }

  #call<Answer>(call: (alias: Alias) => Promise<Answer>): Promise<Answer> {
    return this.#stay.during(() => this.#memory.call(({ alias }) => call(alias)));
  }

  #load({ store, storage }: Stored<Store>): Loaded {
    const runtime = this.#runtime;
    const alias = new Alias({
      store,
      host: {
        durable: () => durable(storage),
        device: (name) => this.#peers.device(name),
        withTimeout: (ms, call) => within(runtime.scheduler, ms, call),
        now: () => runtime.now(),
        setAlarm: (at) => {
          runtime.alarm.set(at)?.catch((error: unknown) => this.#memory.fail(error));
        },
        reportError: (error) => runtime.reportError(error),
      },
    });
    return { alias, store };
  }

  async #free(): Promise<void> {
    if (!this.#memory.loaded.store.exists) await this.#runtime.free();
  }
}
