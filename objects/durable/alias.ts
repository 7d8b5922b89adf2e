/** The Durable Object of one alias. */
import { AliasShell } from "../alias/alias-shell.ts";
import { knownObjects } from "../capacity/known-objects.ts";
import { ALIAS_METHODS, type Alarmed } from "../interfaces/methods.ts";
import type { AliasImportRpc, AliasRpc } from "../interfaces/rpc.ts";
import { SqlAliasStore } from "../storage/alias-store.ts";
import { durableObject, SHELL } from "./object.ts";
import { type PeerEnv, peersOf } from "./peers.ts";
import { DurableRuntime, type Settings } from "./runtime.ts";

export class AliasObject extends durableObject<
  AliasRpc & AliasImportRpc & Alarmed,
  PeerEnv & Settings
>(ALIAS_METHODS) {
  override readonly [SHELL] = new AliasShell(
    new DurableRuntime(this.ctx, this.env, (rows) => new SqlAliasStore(rows), knownObjects),
    peersOf(this.env),
  );
}
