/** The object that lists the apps of a mesh: one, named "apps". */
import {
  addToDirectory,
  type DirectoryEntry,
  type DirectoryStore,
} from "../../core/app/directory.ts";
import type { AppDirectoryRpc } from "../interfaces/rpc.ts";
import { Memory } from "../memory.ts";
import type { ObjectRuntime } from "../runtime.ts";

export class AppDirectoryShell implements AppDirectoryRpc {
  readonly #memory: Memory<DirectoryStore, DirectoryStore>;

  constructor(runtime: ObjectRuntime<DirectoryStore>) {
    this.#memory = new Memory(runtime, ({ store }) => store);
  }

  add(entry: DirectoryEntry): Promise<boolean> {
    return this.#memory.answer((store) => addToDirectory(store, entry));
  }

  remove(appId: string): Promise<boolean> {
    return this.#memory.answer((store) => store.remove(appId));
  }

  list(): Promise<readonly DirectoryEntry[]> {
    return this.#memory.answer((store) => store.list());
  }
}
