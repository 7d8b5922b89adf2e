/**
 * Makes the calls that a device asks for, of tag nodes and aliases. A call in progress keeps the object in memory, so that the answer finds
 * the device that asked (measured on Workers with a call of 25 s; the object left memory 10 s after it).
 */
import type { AliasCall, CallResult, Effect, TagCall } from "../../core/link/effects.ts";
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { Peers } from "../interfaces/peers.ts";
import type { AliasRpc, TagRpc } from "../interfaces/rpc.ts";
import type { ObjectRuntime } from "../runtime.ts";
import { within } from "../timeout.ts";

export interface CallPorts {
  readonly peers: Pick<Peers, "node" | "alias">;
  /**
   * Waits until a call may be made, if the host limits the calls of devices. Null if it may be made at once.
   *
   * @throws MeshError if that takes too long
   */
  admit(effect: CallEffect): Promise<void> | null;
}

type CallAnswer = Extract<CallResult, { readonly ok: true }>["answer"];

export type CallEffect = Extract<Effect, { readonly kind: "tag" | "alias" }>;

/**
 * Never rejects: a failure is reported, and the core gets a call without an answer. A call that hangs is given up, because it would keep its
 * place among the few that a device makes at once, and keep the object in memory.
 */
export async function resultOf(
  runtime: Pick<ObjectRuntime<unknown>, "scheduler" | "reportError">,
  { peers, admit }: CallPorts,
  effect: CallEffect,
): Promise<CallResult> {
  try {
    await admit(effect);
    const { kind, name, call } = effect;
    const answering =
      kind === "tag" ? callTag(peers.node(name), call) : callAlias(peers.alias(name), call);
    const answer = await within(runtime.scheduler, LIMITS.DEVICE_CALL_MS, answering);
    return { ok: true, answer };
  } catch (error) {
    // An object that is busy or moving is not worth reporting: the core tries again.
    if (!(error instanceof MeshError)) runtime.reportError(error);
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
