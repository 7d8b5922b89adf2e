/** The Durable Object of one app. */
import { AppShell } from "../app/app-shell.ts";
import type { AppImportRpc, AppRpc } from "../interfaces/rpc.ts";
import { SqlAppStore } from "../storage/app-store.ts";
import { durableObject } from "./object.ts";
import { DurableRuntime } from "./runtime.ts";

export class AppObject extends durableObject<AppRpc & AppImportRpc, object>(
  {
    create: true,
    record: true,
    remove: true,
    addKey: true,
    revokeKey: true,
    liveKey: true,
    write: true,
  },
  (ctx) => new AppShell(new DurableRuntime(ctx, {}, (rows) => new SqlAppStore(rows))),
) {}
