/** Apps, in the process that holds all objects: answered when what they wrote is on disk. */
import {
  addKey,
  createApp,
  type LiveKey,
  liveKeyOf,
  type StoredApp,
} from "../../../core/app/app.ts";
import { parseKeyId } from "../../../core/identity/app-id.ts";
import { appKey, appRecord } from "../../../objects/app-record.ts";
import type { AppKey, AppRecord, AppRpc } from "../../../objects/interfaces/rpc.ts";
import { makeLiveKey } from "../../../objects/live-key.ts";
import { SharedAppStore } from "../store/app-store.ts";
import type { Database } from "../store/database.ts";

export class AppHost implements AppRpc {
  readonly #db: Database;
  readonly #appId: string;
  readonly #store: SharedAppStore;

  constructor(db: Database, appId: string) {
    this.#db = db;
    this.#appId = appId;
    this.#store = new SharedAppStore(db, appId);
  }

  async create(name: string): Promise<AppRecord> {
    const app = createApp(this.#store, name, Date.now());
    await this.#db.committed();
    return this.#record(app);
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
    await this.#db.committed();
    return key === null || key === "full" ? key : appKey(this.#appId, key);
  }

  async revokeKey(keyId: string): Promise<boolean> {
    const parsed = parseKeyId(keyId);
    const removed = parsed?.appId === this.#appId && this.#store.removeKey(parsed.n);
    await this.#db.committed();
    return removed;
  }

  async remove(): Promise<boolean> {
    const removed = this.#store.removeApp();
    await this.#db.committed();
    return removed;
  }

  async liveKey(): Promise<LiveKey | null> {
    const key = await liveKeyOf(this.#store, makeLiveKey);
    await this.#db.committed();
    return key;
  }

  #record(app: StoredApp): AppRecord {
    return appRecord(this.#appId, app, this.#store.keys());
  }
}
