/** The Durable Object of one alias: a thin shell that gives core/alias a database and the objects of devices. */
import { DurableObject } from "cloudflare:workers";
import { Alias } from "../core/alias/alias.ts";
import type {
  AliasConfirmation,
  AliasHolders,
  AliasSetAnswer,
  AliasSetRequest,
  AliasUnsetRequest,
  FirstAckRequest,
  LateOrder,
} from "../core/alias/types.ts";
import { backoffMs } from "../core/backoff.ts";
import { writeAlias } from "../core/move/alias.ts";
import type { AliasLine } from "../schema/export.ts";
import { alarmTime } from "./alarm-room.ts";
import { callObject } from "./call.ts";
import { openRows } from "./durable/runtime.ts";
import type { ObjectNamespace } from "./interfaces/namespace.ts";
import type { AliasImportRpc, AliasRpc, DeviceRpc } from "./interfaces/rpc.ts";
import { durable, Memory } from "./memory.ts";
import type { Stored } from "./runtime.ts";
import { SqlAliasStore } from "./storage/alias-store.ts";
import { withTimeout } from "./timeout.ts";

/** What an alias object needs of the worker's bindings. */
interface AliasEnv {
  readonly DEVICES: ObjectNamespace<DeviceRpc>;
  readonly MAX_LINKS?: string;
}

export class AliasObject extends DurableObject<AliasEnv> implements AliasRpc, AliasImportRpc {
  readonly #memory: Memory<SqlAliasStore, { readonly alias: Alias; readonly store: SqlAliasStore }>;
  /** Alarms in a row that failed. */
  #failures = 0;

  constructor(ctx: DurableObjectState, env: AliasEnv) {
    super(ctx, env);
    const open = () => openRows(ctx, (rows) => new SqlAliasStore(rows));
    this.#memory = new Memory({ open }, (stored) => this.#load(stored));
  }

  async set(request: AliasSetRequest): Promise<AliasSetAnswer> {
    return this.#memory.call(({ alias }) => alias.set(request));
  }

  async unset(request: AliasUnsetRequest): Promise<LateOrder | undefined> {
    const late = await this.#memory.call(({ alias }) => alias.unset(request));
    await this.#free();
    return late;
  }

  async confirm(request: AliasUnsetRequest): Promise<AliasConfirmation> {
    const answer = await this.#memory.call(({ alias }) => alias.confirm(request));
    await this.#free();
    return answer;
  }

  async holders(key?: Uint8Array): Promise<AliasHolders> {
    return this.#memory.call(({ alias }) => alias.holders(key));
  }

  async firstAck(request: FirstAckRequest): Promise<void> {
    return this.#memory.call(({ alias }) => alias.firstAck(request));
  }

  /** Throws where not even another alarm can be set: the platform gives up one that failed six times. */
  override async alarm(): Promise<void> {
    try {
      await this.#memory.call(({ alias }) => alias.onAlarm());
      await this.#free();
      this.#failures = 0;
    } catch (error) {
      console.error(error);
      await this.ctx.storage.setAlarm(Date.now() + backoffMs(++this.#failures, Math.random()));
    }
  }

  async write(line: AliasLine): Promise<void> {
    this.#memory.run(({ store }) => writeAlias(store, line));
    // What nobody holds was to go.
    if (line.holders.length === 0) await this.ctx.storage.setAlarm(Date.now());
  }

  #load({ store, storage }: Stored<SqlAliasStore>) {
    const { DEVICES } = this.env;
    const alias = new Alias({
      store,
      host: {
        durable: () => durable(storage),
        device: (name) => ({
          suspendAlias: (request) =>
            callObject(() => DEVICES.getByName(name).suspendAlias(request)),
          withdraw: (request) => callObject(() => DEVICES.getByName(name).withdraw(request)),
        }),
        withTimeout,
        now: () => Date.now(),
        setAlarm: (at) => {
          const time = alarmTime(this.env.MAX_LINKS, at, null);
          this.ctx.storage.setAlarm(time).catch((error: unknown) => this.#memory.fail(error));
        },
        reportError: (error) => console.error(error),
      },
    });
    return { alias, store };
  }

  /** An empty database is 12 KB and more for ever; nothing else frees it. */
  async #free(): Promise<void> {
    if (!this.#memory.loaded.store.exists) await this.ctx.storage.deleteAll();
  }
}
