/** The Durable Object of one app. */
import { AppShell } from "../app/app-shell.ts";
import { APP_METHODS } from "../interfaces/methods.ts";
import type { AppImportRpc, AppRpc } from "../interfaces/rpc.ts";
import { SqlAppStore } from "../storage/app-store.ts";
import { durableObject, SHELL } from "./object.ts";
import { DurableRuntime } from "./runtime.ts";

export class AppObject extends durableObject<AppRpc & AppImportRpc, object>(APP_METHODS) {
  override readonly [SHELL] = new AppShell(
    new DurableRuntime(this.ctx, {}, (rows) => new SqlAppStore(rows)),
    crypto.subtle,
  );
}
