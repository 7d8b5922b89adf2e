/**
 * Carries out the calls that a device asks for: to nodes of tags, and to aliases. One that is under way keeps the object in
 * memory, so that its answer finds the device that asked (measured: with a call of 25 s, and gone 10 s after it).
 */
import type { AliasCall, CallResult, Effect, TagCall } from "../core/link/effects.ts";
import { MeshError } from "../schema/errors.ts";
import { LIMITS } from "../schema/limits.ts";
import { callObject } from "./call.ts";
import { callRoomOf } from "./call-room.ts";
import type { ObjectNamespace } from "./interfaces/namespace.ts";
import type { AliasRpc, TagRpc } from "./interfaces/rpc.ts";
import { withTimeout } from "./timeout.ts";

/** The worker's bindings by which a device reaches other objects. */
export interface CallEnv {
  readonly TAGS: ObjectNamespace<TagRpc>;
  readonly ALIASES: ObjectNamespace<AliasRpc>;
  /** What may be connected to this process; undefined where the platform bounds it. */
  readonly MAX_LINKS?: string;
}

type CallAnswer = Extract<CallResult, { readonly ok: true }>["answer"];

export type CallEffect = Extract<Effect, { readonly kind: "tag" | "alias" }>;

/**
 * Never fails: what went wrong is told to the log, and to the core that there is no answer. A call that hangs would keep its
 * place among the few that a device makes at once, and the object in memory.
 */
export async function resultOf(
  { TAGS, ALIASES, MAX_LINKS }: CallEnv,
  effect: CallEffect,
): Promise<CallResult> {
  try {
    const { kind, name, call } = effect;
    // A first acknowledgement belongs to a send, which has woken its alias.
    const room = call.method === "firstAck" ? null : callRoomOf(MAX_LINKS);
    await room?.enter(name, LIMITS.COMMAND_MS);
    const answering =
      kind === "tag"
        ? callObject(() => callTag(TAGS.getByName(name), call))
        : callObject(() => callAlias(ALIASES.getByName(name), call));
    return { ok: true, answer: await withTimeout(LIMITS.DEVICE_CALL_MS, answering) };
  } catch (error) {
    // One that is too busy, or moving, is no news: the core tries again.
    if (!(error instanceof MeshError)) console.error(error);
    return { ok: false };
  }
}

async function callTag(node: TagRpc, { method, request }: TagCall): Promise<CallAnswer> {
  if (method === "join") return node.join(request);
  return method === "attach" ? node.attach(request) : node.leave(request);
}

async function callAlias(alias: AliasRpc, { method, request }: AliasCall): Promise<CallAnswer> {
  if (method === "set") return alias.set(request);
  if (method === "confirm") return alias.confirm(request);
  await (method === "unset" ? alias.unset(request) : alias.firstAck(request));
  return undefined;
}
