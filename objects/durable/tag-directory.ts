/** The Durable Object of an object that lists tags of one app. */
import { TAG_DIRECTORY_METHODS } from "../interfaces/methods.ts";
import type { TagDirectoryImportRpc, TagDirectoryRpc } from "../interfaces/rpc.ts";
import { SqlTagDirectoryStore } from "../storage/tag-directory-store.ts";
import { TagDirectoryShell } from "../tag/tag-directory-shell.ts";
import { durableObject, SHELL } from "./object.ts";
import { type PeerEnv, peersOf } from "./peers.ts";
import { DurableRuntime } from "./runtime.ts";

export class TagDirectoryObject extends durableObject<
  TagDirectoryRpc & TagDirectoryImportRpc,
  PeerEnv
>(TAG_DIRECTORY_METHODS) {
  override readonly [SHELL] = new TagDirectoryShell(
    new DurableRuntime(this.ctx, {}, (rows) => new SqlTagDirectoryStore(rows)),
    peersOf(this.env),
  );
}
