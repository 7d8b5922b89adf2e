/** The Durable Object of one alias. */
import { AliasShell } from "../alias/alias-shell.ts";
import type { AliasImportRpc, AliasRpc } from "../interfaces/rpc.ts";
import { SqlAliasStore } from "../storage/alias-store.ts";
import { type Alarmed, durableObject } from "./object.ts";
import { type PeerEnv, peersOf } from "./peers.ts";
import { DurableRuntime, type Settings } from "./runtime.ts";

export class AliasObject extends durableObject<
  AliasRpc & AliasImportRpc & Alarmed,
  PeerEnv & Settings
>(
  {
    set: true,
    unset: true,
    confirm: true,
    holders: true,
    firstAck: true,
    write: true,
    alarm: true,
  },
  (ctx, env) =>
    new AliasShell(new DurableRuntime(ctx, env, (rows) => new SqlAliasStore(rows)), peersOf(env)),
) {}
