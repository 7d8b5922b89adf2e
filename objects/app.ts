/** The object of one app, addressed by its appId. */
import { DurableObject } from "cloudflare:workers";
import { addKey, createApp, type LiveKey, liveKeyOf, type StoredApp } from "../core/app/app.ts";
import { parseKeyId } from "../core/identity/app-id.ts";
import { writeApp } from "../core/move/app.ts";
import type { AppLine } from "../schema/export.ts";
import { appKey, appRecord } from "./app-record.ts";
import { openRows } from "./durable/runtime.ts";
import type { AppImportRpc, AppKey, AppRecord, AppRpc } from "./interfaces/rpc.ts";
import { makeLiveKey } from "./live-key.ts";
import { Memory } from "./memory.ts";
import { SqlAppStore } from "./storage/app-store.ts";

export class AppObject extends DurableObject implements AppRpc, AppImportRpc {
  readonly #appId: string;
  readonly #memory: Memory<SqlAppStore, SqlAppStore>;

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env);
    if (state.id.name === undefined) throw new Error("AppObject must be addressed by name");
    this.#appId = state.id.name;
    const open = () => openRows(state, (rows) => new SqlAppStore(rows));
    this.#memory = new Memory({ open }, ({ store }) => store);
  }

  async create(name: string): Promise<AppRecord> {
    return this.#memory.run((store) => this.#record(store, createApp(store, name, Date.now())));
  }

  async record(): Promise<AppRecord | null> {
    return this.#memory.run((store) => {
      const app = store.app();
      return app === null ? null : this.#record(store, app);
    });
  }

  async addKey(
    algorithm: AppKey["algorithm"],
    material: Uint8Array,
  ): Promise<AppKey | "full" | null> {
    const key = this.#memory.run((store) => addKey(store, algorithm, material, Date.now()));
    return key === null || key === "full" ? key : appKey(this.#appId, key);
  }

  async revokeKey(keyId: string): Promise<boolean> {
    const parsed = parseKeyId(keyId);
    if (parsed?.appId !== this.#appId) return false;
    return this.#memory.run((store) => store.removeKey(parsed.n));
  }

  async remove(): Promise<boolean> {
    return this.#memory.run((store) => store.removeApp(), { isAtomic: true });
  }

  async liveKey(): Promise<LiveKey | null> {
    return this.#memory.call((store) => liveKeyOf(store, makeLiveKey));
  }

  async write(line: AppLine): Promise<void> {
    this.#memory.run((store) => writeApp(store, line), { isAtomic: true });
  }

  #record(store: SqlAppStore, app: StoredApp): AppRecord {
    return appRecord(this.#appId, app, store.keys());
  }
}
