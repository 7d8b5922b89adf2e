/** The Durable Object of one app. */
import { keyringOf } from "../../core/identity/keyring.ts";
import { StoredSecrets } from "../../core/identity/stored-secrets.ts";
import { AppShell } from "../app/app-shell.ts";
import { APP_METHODS } from "../interfaces/methods.ts";
import type { AppImportRpc, AppRpc } from "../interfaces/rpc.ts";
import { SqlAppStore } from "../storage/app-store.ts";
import type { Sql } from "../storage/sql.ts";
import { durableObject, SHELL } from "./object.ts";
import { DurableRuntime } from "./runtime.ts";

interface AppEnv {
  readonly MESH_KEYS: string;
}

/** @throws Error if MESH_KEYS holds no keys */
function storeOf(rows: Sql, appId: string, { MESH_KEYS }: AppEnv): SqlAppStore {
  const keyring = keyringOf(MESH_KEYS);
  if (typeof keyring === "string") throw new Error(keyring);
  return new SqlAppStore(rows, new StoredSecrets(keyring, appId));
}

export class AppObject extends durableObject<AppRpc & AppImportRpc, AppEnv>(APP_METHODS) {
  override readonly [SHELL] = new AppShell(
    new DurableRuntime(this.ctx, {}, (rows) => storeOf(rows, this.ctx.id.name ?? "", this.env)),
    crypto.subtle,
  );
}
