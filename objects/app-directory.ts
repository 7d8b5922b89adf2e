/** The object that lists the apps of a mesh: one, named "apps". */
import { DurableObject } from "cloudflare:workers";
import { addToDirectory, type DirectoryEntry } from "../core/app/directory.ts";
import type { AppDirectoryRpc } from "./interfaces/rpc.ts";
import { Memory } from "./memory.ts";
import { SqlDirectoryStore } from "./storage/app-directory-store.ts";

export class AppDirectoryObject extends DurableObject implements AppDirectoryRpc {
  readonly #memory: Memory<SqlDirectoryStore>;

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env);
    this.#memory = new Memory(state, (rows) => new SqlDirectoryStore(rows));
  }

  async add(entry: DirectoryEntry): Promise<boolean> {
    return this.#memory.run((store) => addToDirectory(store, entry));
  }

  async remove(appId: string): Promise<boolean> {
    return this.#memory.run((store) => store.remove(appId));
  }

  async list(): Promise<readonly DirectoryEntry[]> {
    return this.#memory.run((store) => store.list());
  }
}
