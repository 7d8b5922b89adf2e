/** Settings of a tag's node by the worker's bindings. */
import { appIdIn } from "../../core/identity/app-id.ts";
import { keyringOf } from "../../core/identity/keyring.ts";
import { CallLimiter } from "../../core/tag/fan-out/call-limiter.ts";
import { LIMITS } from "../../schema/limits.ts";
import { countOf, shardsOf } from "../bindings.ts";
import { requestWakes } from "../capacity/wake-limiter.ts";
import type { TagSettings } from "../tag/tag-shell.ts";
import type { PeerEnv } from "./peers.ts";
import { type Settings, sleep } from "./runtime.ts";

/** What a tag object needs of the worker's bindings; worker/env.ts describes them. */
export interface TagEnv extends PeerEnv, Settings {
  readonly MESH_KEYS: string;
  readonly FAN_OUT_NODES?: string;
  readonly TAG_DIRECTORY_SHARDS?: string;
  readonly NODE_MEMBERS?: string;
  /** Set while a mesh is imported, when not all of it is there yet. */
  readonly IMPORTING?: string;
}

/** Shared by all nodes of this isolate, because they share its thread. */
const calls = new CallLimiter();
/** The platform ends an alarm after 15 min. */
const SLICE_MS = 600_000;

export function tagSettings(env: TagEnv): TagSettings {
  // With MAX_LINKS this process is the whole mesh and knows which devices have a link; it need not wake the others to learn that they are
  // offline. While it can, it does so all the same, because some may be members no more.
  const wakes = requestWakes(env.MAX_LINKS, sleep);
  return {
    nodeMembers: countOf(env.NODE_MEMBERS),
    parallelNodes: countOf(env.FAN_OUT_NODES) ?? LIMITS.FAN_OUT_NODES,
    calls,
    appId(app) {
      const keyring = keyringOf(env.MESH_KEYS);
      if (typeof keyring === "string") throw new Error(keyring);
      return appIdIn(keyring, app);
    },
    directoryShards: shardsOf(env),
    sliceMs: SLICE_MS,
    isImporting: env.IMPORTING !== undefined,
    mayWake: wakes === null ? null : (device) => wakes.admits(device),
  };
}
