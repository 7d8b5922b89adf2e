/** The Durable Object of one node of a tag's tree. */
import { knownObjects } from "../capacity/known-objects.ts";
import { type Alarmed, TAG_METHODS } from "../interfaces/methods.ts";
import type { TagImportRpc, TagRpc } from "../interfaces/rpc.ts";
import { SqlTagStore } from "../storage/tag-store.ts";
import { TagShell } from "../tag/tag-shell.ts";
import { durableObject, SHELL } from "./object.ts";
import { peersOf } from "./peers.ts";
import { DurableRuntime } from "./runtime.ts";
import { type TagEnv, tagSettings } from "./tag-settings.ts";

export class TagObject extends durableObject<TagRpc & TagImportRpc & Alarmed, TagEnv>(TAG_METHODS) {
  readonly #runtime = new DurableRuntime(
    this.ctx,
    this.env,
    (rows) => new SqlTagStore(rows, this.ctx.id.name ?? ""),
    knownObjects,
  );
  override readonly [SHELL] = new TagShell(this.#runtime, peersOf(this.env), tagSettings(this.env));

  constructor(ctx: DurableObjectState, env: TagEnv) {
    super(ctx, env);
    // The core sets its alarm without waiting, so it has to know from the start which one stands.
    ctx.blockConcurrencyWhile(() => this.#runtime.alarm.load());
  }
}
