/** The Durable Object of an object that lists tags of one app. */
import type { TagDirectoryImportRpc, TagDirectoryRpc } from "../interfaces/rpc.ts";
import { SqlTagDirectoryStore } from "../storage/tag-directory-store.ts";
import { TagDirectoryShell } from "../tag/tag-directory-shell.ts";
import { durableObject } from "./object.ts";
import { type PeerEnv, peersOf } from "./peers.ts";
import { DurableRuntime } from "./runtime.ts";

export class TagDirectoryObject extends durableObject<
  TagDirectoryRpc & TagDirectoryImportRpc,
  PeerEnv
>(
  { report: true, list: true, begin: true, claim: true, release: true, write: true },
  (ctx, env) =>
    new TagDirectoryShell(
      new DurableRuntime(ctx, {}, (rows) => new SqlTagDirectoryStore(rows)),
      peersOf(env),
    ),
) {}
