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
import { writeAlias } from "../core/move/alias.ts";
import type { AliasLine } from "../schema/export.ts";
import { callObject } from "./call.ts";
import type { ObjectNamespace } from "./interfaces/namespace.ts";
import type { AliasImportRpc, AliasRpc, DeviceRpc } from "./interfaces/rpc.ts";
import { SqlAliasStore } from "./storage/alias-store.ts";
import { withTimeout } from "./timeout.ts";

/** What an alias object needs of the worker's bindings. */
interface AliasEnv {
  readonly DEVICES: ObjectNamespace<DeviceRpc>;
}

export class AliasObject extends DurableObject<AliasEnv> implements AliasRpc, AliasImportRpc {
  readonly #alias: Alias;
  readonly #store: SqlAliasStore;

  constructor(ctx: DurableObjectState, env: AliasEnv) {
    super(ctx, env);
    const { DEVICES } = env;
    this.#store = new SqlAliasStore(ctx.storage.sql);
    this.#alias = new Alias({
      store: this.#store,
      host: {
        // The output gate holds back whatever the object says until it is.
        durable: () => Promise.resolve(),
        device: (name) => ({
          suspendAlias: (request) =>
            callObject(() => DEVICES.getByName(name).suspendAlias(request)),
          withdraw: (request) => callObject(() => DEVICES.getByName(name).withdraw(request)),
        }),
        withTimeout,
        now: () => Date.now(),
        setAlarm: (at) => {
          ctx.storage.setAlarm(at).catch((error) => console.error(error));
        },
        trouble: (error) => console.error(error),
      },
    });
  }

  async set(request: AliasSetRequest): Promise<AliasSetAnswer> {
    return this.#alias.set(request);
  }

  async unset(request: AliasUnsetRequest): Promise<LateOrder | undefined> {
    const late = await this.#alias.unset(request);
    await this.#free();
    return late;
  }

  async confirm(request: AliasUnsetRequest): Promise<AliasConfirmation> {
    const answer = await this.#alias.confirm(request);
    await this.#free();
    return answer;
  }

  async holders(key?: Uint8Array): Promise<AliasHolders> {
    return this.#alias.holders(key);
  }

  async firstAck(request: FirstAckRequest): Promise<void> {
    return this.#alias.firstAck(request);
  }

  override async alarm(): Promise<void> {
    await this.#alias.onAlarm();
    await this.#free();
  }

  async write(line: AliasLine): Promise<void> {
    writeAlias(this.#store, line);
    // What nobody holds was to go.
    if (line.holders.length === 0) await this.ctx.storage.setAlarm(Date.now());
  }

  /** An empty database is 12 KB and more for ever; nothing else frees it. */
  async #free(): Promise<void> {
    if (!this.#store.exists) await this.ctx.storage.deleteAll();
  }
}
