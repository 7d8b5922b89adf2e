/** The Durable Object of the list of apps. */
import { AppDirectoryShell } from "../app/app-directory-shell.ts";
import type { AppDirectoryRpc } from "../interfaces/rpc.ts";
import { SqlDirectoryStore } from "../storage/app-directory-store.ts";
import { durableObject } from "./object.ts";
import { DurableRuntime } from "./runtime.ts";

export class AppDirectoryObject extends durableObject<AppDirectoryRpc, object>(
  { add: true, remove: true, list: true },
  (ctx) =>
    new AppDirectoryShell(new DurableRuntime(ctx, {}, (rows) => new SqlDirectoryStore(rows))),
) {}
