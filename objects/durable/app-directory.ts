/** The Durable Object of the list of apps. */
import { DurableObject } from "cloudflare:workers";
import type { DirectoryEntry } from "../../core/app/directory.ts";
import { AppDirectory } from "../app-directory.ts";
import type { AppDirectoryRpc } from "../interfaces/rpc.ts";
import { SqlDirectoryStore } from "../storage/app-directory-store.ts";
import type { Rows } from "./rows.ts";
import { DurableRuntime } from "./runtime.ts";

export class AppDirectoryObject extends DurableObject implements AppDirectoryRpc {
  readonly #directory: AppDirectory;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    const store = (rows: Rows) => new SqlDirectoryStore(rows);
    this.#directory = new AppDirectory(new DurableRuntime(ctx, {}, store));
  }

  add(entry: DirectoryEntry): Promise<boolean> {
    return this.#directory.add(entry);
  }

  remove(appId: string): Promise<boolean> {
    return this.#directory.remove(appId);
  }

  list(): Promise<readonly DirectoryEntry[]> {
    return this.#directory.list();
  }
}
