/** The object of one app, addressed by its appId. */
import { DurableObject } from "cloudflare:workers";
import { addKey, createApp, type LiveKey, liveKeyOf, type StoredApp } from "../core/app/app.ts";
import { parseKeyId } from "../core/identity/app-id.ts";
import { writeApp } from "../core/move/app.ts";
import type { AppLine } from "../schema/export.ts";
import { appKey, appRecord } from "./app-record.ts";
import { SqlAppStore } from "./app-store.ts";
import type { AppImportRpc, AppKey, AppRecord, AppRpc } from "./interfaces/rpc.ts";
import { makeLiveKey } from "./live-key.ts";

export class AppObject extends DurableObject implements AppRpc, AppImportRpc {
  readonly #appId: string;
  readonly #store: SqlAppStore;

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env);
    if (state.id.name === undefined) throw new Error("AppObject must be addressed by name");
    this.#appId = state.id.name;
    this.#store = new SqlAppStore(state.storage.sql);
  }

  async create(name: string): Promise<AppRecord> {
    return this.#record(createApp(this.#store, name, Date.now()));
  }

  async record(): Promise<AppRecord | null> {
    const app = this.#store.app();
    return app === null ? null : this.#record(app);
  }

  async addKey(
    algorithm: AppKey["algorithm"],
    material: Uint8Array,
  ): Promise<AppKey | "full" | null> {
    const key = addKey(this.#store, algorithm, material, Date.now());
    return key === null || key === "full" ? key : appKey(this.#appId, key);
  }

  async revokeKey(keyId: string): Promise<boolean> {
    const parsed = parseKeyId(keyId);
    return parsed?.appId === this.#appId && this.#store.removeKey(parsed.n);
  }

  async remove(): Promise<boolean> {
    return this.#store.removeApp();
  }

  async liveKey(): Promise<LiveKey | null> {
    return liveKeyOf(this.#store, makeLiveKey);
  }

  async write(line: AppLine): Promise<void> {
    writeApp(this.#store, line);
  }

  #record(app: StoredApp): AppRecord {
    return appRecord(this.#appId, app, this.#store.keys());
  }
}
