/** The Durable Object of one node of a tag's tree. */
import { CallLimiter } from "../../core/tag/fan-out/call-limiter.ts";
import { LIMITS } from "../../schema/limits.ts";
import { wakeRoomOf } from "../capacity/call-room.ts";
import { countOf, shardsOf } from "../count.ts";
import type { TagImportRpc, TagRpc } from "../interfaces/rpc.ts";
import { SqlTagStore } from "../storage/tag-store.ts";
import { type TagSettings, TagShell } from "../tag/tag-shell.ts";
import { type Alarmed, durableObject } from "./object.ts";
import { type PeerEnv, peersOf } from "./peers.ts";
import { DurableRuntime, type Settings } from "./runtime.ts";

/** What a tag object needs of the worker's bindings; worker/env.ts describes them. */
interface TagEnv extends PeerEnv, Settings {
  readonly FAN_OUT_NODES?: string;
  readonly TAG_DIRECTORY_SHARDS?: string;
  readonly NODE_MEMBERS?: string;
  /** Set while a mesh is imported, when not all of it is there. */
  readonly IMPORTING?: string;
}

/** Of this isolate: all its objects share a thread. */
const calls = new CallLimiter();
/** The platform ends an alarm after 15 min. */
const SLICE_MS = 600_000;

export class TagObject extends durableObject<TagRpc & TagImportRpc & Alarmed, TagEnv>(
  {
    join: true,
    leave: true,
    attach: true,
    fanOut: true,
    countChild: true,
    go: true,
    broadcast: true,
    broadcastStatus: true,
    info: true,
    setLive: true,
    reportLive: true,
    entriesAfter: true,
    write: true,
    alarm: true,
  },
  (ctx, env) => {
    const runtime = new DurableRuntime(
      ctx,
      env,
      (rows) => new SqlTagStore(rows, ctx.id.name ?? ""),
    );
    // The core sets its alarm without waiting, and so has to know from the start which one stands.
    ctx.blockConcurrencyWhile(() => runtime.alarm.load());
    return new TagShell(runtime, peersOf(env), settingsOf(env));
  },
) {}

function settingsOf(env: TagEnv): TagSettings {
  // With MAX_LINKS this process is the whole mesh and knows which devices have a link; the others need not be woken to say that they are
  // offline. While there is room they are woken all the same: they may be members no more.
  const room = wakeRoomOf(env.MAX_LINKS);
  return {
    nodeMembers: countOf(env.NODE_MEMBERS),
    parallelNodes: countOf(env.FAN_OUT_NODES) ?? LIMITS.FAN_OUT_NODES,
    calls,
    directoryShards: shardsOf(env),
    sliceMs: SLICE_MS,
    isImporting: env.IMPORTING !== undefined,
    mayWake: room === null ? null : (device) => room.admits(device),
  };
}
