/** The shell of a live node on Workers. */
import { keyringOf } from "../../core/identity/keyring.ts";
import { LiveShell } from "../live/live-shell.ts";
import { SqlLiveStore } from "../storage/live-store.ts";
import { type PeerEnv, peersOf } from "./peers.ts";
import { DurableRuntime, type Settings } from "./runtime.ts";

/** What a live node needs of the worker's bindings; worker/env.ts describes them. */
export interface LiveEnv extends PeerEnv, Settings {
  readonly MESH_KEYS: string;
}

/** @throws Error if MESH_KEYS holds no keys */
export function durableLive(ctx: DurableObjectState, env: LiveEnv): LiveShell {
  const keyring = keyringOf(env.MESH_KEYS);
  if (typeof keyring === "string") throw new Error(keyring);
  // Not by its rows: a live node goes on if one cannot be written.
  const runtime = new DurableRuntime(ctx, env, () => new SqlLiveStore(ctx.storage.sql));
  return new LiveShell(runtime, { peers: peersOf(env), keyring, subtle: crypto.subtle });
}
