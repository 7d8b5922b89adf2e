/** The Durable Object of the operators. */
import { AppDirectoryShell } from "../app/app-directory-shell.ts";
import { APP_DIRECTORY_METHODS } from "../interfaces/methods.ts";
import type { AppDirectoryImportRpc, AppDirectoryRpc } from "../interfaces/rpc.ts";
import { SqlDirectoryStore } from "../storage/app-directory-store.ts";
import { durableObject, SHELL } from "./object.ts";
import { DurableRuntime } from "./runtime.ts";

export class AppDirectoryObject extends durableObject<
  AppDirectoryRpc & AppDirectoryImportRpc,
  object
>(APP_DIRECTORY_METHODS) {
  override readonly [SHELL] = new AppDirectoryShell(
    new DurableRuntime(this.ctx, {}, (rows) => new SqlDirectoryStore(rows)),
  );
}
