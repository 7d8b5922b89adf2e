/**
 * Makes the calls that a device asks for, of tag nodes, aliases and apps. A call in progress keeps the object in memory, so that the answer finds
 * the device that asked (measured on Workers with a call of 25 s; the object left memory 10 s after it).
 */
import type {
  AliasCall,
  AppCall,
  CallResult,
  Effect,
  TagCall,
  WebhookCall,
} from "../../core/link/effects.ts";
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { Peers } from "../interfaces/peers.ts";
import type { AliasRpc, AppRpc, TagRpc, WebhookRpc } from "../interfaces/rpc.ts";
import type { ObjectRuntime } from "../runtime.ts";
import { within } from "../timeout.ts";

export interface CallPorts {
  readonly peers: Pick<Peers, "node" | "alias" | "app" | "webhook">;
  /**
   * Waits until a call may be made, if the host limits the calls of devices. Null if it may be made at once.
   *
   * @returns what is to be called when the call is over, if the host wants to know
   * @throws MeshError if that takes too long
   */
  admit(effect: CallEffect): Promise<CallOver> | Promise<void> | null;
}

/** The call was answered, has failed, or is given up. */
type CallOver = () => void;

type CallAnswer = Extract<CallResult, { readonly ok: true }>["answer"];

export type CallEffect = Extract<Effect, { readonly kind: "tag" | "alias" | "app" | "webhook" }>;

/**
 * Never rejects: a failure is reported, and the core gets a call without an answer. A call that hangs is given up, because it would keep its
 * place among the few that a device makes at once, and keep the object in memory.
 */
export async function resultOf(
  runtime: Pick<ObjectRuntime<unknown>, "scheduler" | "reportError">,
  { peers, admit }: CallPorts,
  effect: CallEffect,
): Promise<CallResult> {
  let over: Awaited<ReturnType<CallPorts["admit"]>> = null;
  let isMade = false;
  try {
    over = await admit(effect);
    isMade = true;
    // A device waits for its app with everything else of a registration, so no longer than it does for an answer.
    const waitMs = effect.kind === "app" ? LIMITS.COMMAND_MS : LIMITS.DEVICE_CALL_MS;
    const answer = await within(runtime.scheduler, waitMs, answerOf(peers, effect));
    return { ok: true, answer };
  } catch (error) {
    // An object that is busy or moving is not worth reporting: the core tries again.
    if (!(error instanceof MeshError)) runtime.reportError(error);
    return isMade ? { ok: false } : { ok: false, isUnmade: true };
  } finally {
    if (typeof over === "function") over();
  }
}

function answerOf(peers: CallPorts["peers"], effect: CallEffect): Promise<CallAnswer> {
  const { name } = effect;
  if (effect.kind === "tag") return callTag(peers.node(name), effect.call);
  if (effect.kind === "alias") return callAlias(peers.alias(name), effect.call);
  if (effect.kind === "webhook") return callWebhook(peers.webhook(name), effect.call);
  return callApp(peers.app(name), effect.call);
}

const callApp = (app: AppRpc, { request }: AppCall): Promise<CallAnswer> => app.admit(request);

const callWebhook = (webhook: WebhookRpc, { request }: WebhookCall): Promise<CallAnswer> =>
  webhook.accept(request);

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
