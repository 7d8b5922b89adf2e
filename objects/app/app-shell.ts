/** The object of one app, addressed by its appId. */
import {
  ALL_RIGHTS,
  type AppStore,
  addKey,
  createApp,
  type LiveKey,
  liveKeyOf,
  revokeKey,
  type StoredApp,
  setPolicy,
} from "../../core/app/app.ts";
import type { AppPolicy } from "../../core/app/policy.ts";
import { parseKeyId } from "../../core/identity/app-id.ts";
import { writeApp } from "../../core/move/app.ts";
import type { AppLine } from "../../schema/export.ts";
import type { AppImportRpc, AppKey, AppRecord, AppRpc } from "../interfaces/rpc.ts";
import { makeLiveKey, type SubtlePort } from "../live/live-key.ts";
import { Memory } from "../memory.ts";
import type { ObjectRuntime } from "../runtime.ts";
import { appKey, appRecord } from "./app-record.ts";

export class AppShell implements AppRpc, AppImportRpc {
  readonly #runtime: ObjectRuntime<AppStore>;
  readonly #subtle: SubtlePort;
  readonly #memory: Memory<AppStore, AppStore>;

  constructor(runtime: ObjectRuntime<AppStore>, subtle: SubtlePort) {
    this.#runtime = runtime;
    this.#subtle = subtle;
    this.#memory = new Memory(runtime, ({ store }) => store);
  }

  create(name: string, policy?: AppPolicy): Promise<AppRecord> {
    const now = this.#runtime.now();
    return this.#memory.answer(
      (store) => this.#record(store, createApp(store, name, now, policy)),
      { isAtomic: true },
    );
  }

  setPolicy(policy: AppPolicy): Promise<boolean> {
    return this.#memory.answer((store) => setPolicy(store, policy));
  }

  record(): Promise<AppRecord | null> {
    return this.#memory.answer((store) => {
      const app = store.app();
      return app === null ? null : this.#record(store, app);
    });
  }

  async addKey(
    algorithm: AppKey["algorithm"],
    material: Uint8Array,
    rights = ALL_RIGHTS,
  ): Promise<AppKey | "full" | null> {
    const now = this.#runtime.now();
    const added = { algorithm, material, ...rights };
    const key = await this.#memory.answer((store) => addKey(store, added, now));
    return key === null || key === "full" ? key : appKey(this.#runtime.name, key);
  }

  async revokeKey(keyId: string): Promise<boolean> {
    const parsed = parseKeyId(keyId);
    if (parsed?.appId !== this.#runtime.name) return false;
    return this.#memory.answer((store) => revokeKey(store, parsed.n), { isAtomic: true });
  }

  remove(): Promise<boolean> {
    return this.#memory.answer((store) => store.removeApp(), { isAtomic: true });
  }

  liveKey(): Promise<LiveKey | null> {
    return this.#memory.call((store) => liveKeyOf(store, () => makeLiveKey(this.#subtle)));
  }

  write(line: AppLine): Promise<void> {
    return this.#memory.answer((store) => writeApp(store, line), { isAtomic: true });
  }

  #record(store: AppStore, app: StoredApp): AppRecord {
    return appRecord(this.#runtime.name, app, store.keys(), store.trust());
  }
}
