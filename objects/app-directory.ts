/** The object that lists the apps of a mesh: one, named "apps". */
import { DurableObject } from "cloudflare:workers";
import { addToDirectory, type DirectoryEntry } from "../core/app/directory.ts";
import { SqlDirectoryStore } from "./app-directory-store.ts";
import type { AppDirectoryRpc } from "./interfaces/rpc.ts";

export class AppDirectoryObject extends DurableObject implements AppDirectoryRpc {
  readonly #store: SqlDirectoryStore;

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env);
    this.#store = new SqlDirectoryStore(state.storage.sql);
  }

  async add(entry: DirectoryEntry): Promise<boolean> {
    return addToDirectory(this.#store, entry);
  }

  async remove(appId: string): Promise<boolean> {
    return this.#store.remove(appId);
  }

  async list(): Promise<readonly DirectoryEntry[]> {
    return this.#store.list();
  }
}
