/** What a node of a tag is given on Workers: other objects by their bindings, time, and the object's alarm. */
import { directoryNameOf } from "../core/tag/directory/directory-shards.ts";
import { CallLimiter } from "../core/tag/fan-out/call-limiter.ts";
import type { TagHost } from "../core/tag/host.ts";
import { LIMITS } from "../schema/limits.ts";
import { callObject } from "./call.ts";
import { wakeRoomOf } from "./call-room.ts";
import { countOf, shardsOf } from "./count.ts";
import type { ObjectNamespace } from "./interfaces/namespace.ts";
import type { DeviceRpc, LiveRpc, TagDirectoryRpc, TagRpc } from "./interfaces/rpc.ts";
import { durable } from "./memory.ts";
import type { StoragePort } from "./runtime.ts";
import { sends } from "./sends.ts";
import { withTimeout } from "./timeout.ts";

/** What a tag object needs of the worker's bindings; worker/env.ts describes them. */
export interface TagEnv {
  readonly DEVICES: ObjectNamespace<DeviceRpc>;
  readonly TAGS: ObjectNamespace<TagRpc>;
  readonly LIVE_NODES: ObjectNamespace<LiveRpc>;
  readonly TAG_DIRECTORIES: ObjectNamespace<TagDirectoryRpc>;
  readonly FAN_OUT_NODES?: string;
  readonly TAG_DIRECTORY_SHARDS?: string;
  readonly NODE_MEMBERS?: string;
  /** What may be connected to this process; undefined where the platform bounds it. */
  readonly MAX_LINKS?: string;
  /** Set while a mesh is imported, when not all of it is there. */
  readonly IMPORTING?: string;
}

/** About as long as the calls of one turn take on one machine: half of the thread is left to single sends. */
const REST_MS = 2;

/** Of this isolate: all its objects share a thread. */
const calls = new CallLimiter();

export function tagHost(
  env: TagEnv,
  storage: StoragePort,
  setAlarm: (at: number) => void,
): TagHost {
  const { DEVICES, TAGS, LIVE_NODES, TAG_DIRECTORIES } = env;
  return {
    now: () => Date.now(),
    durable: () => durable(storage),
    sleep: (ms) => scheduler.wait(ms),
    withTimeout,
    random: Math.random,
    // A turn of the event loop: 37 µs; `scheduler.wait(0)` takes 64.
    rest: () => (sends.isActive(Date.now()) ? scheduler.wait(REST_MS) : Promise.resolve()),
    yield: () => new Promise((resolve) => setTimeout(resolve, 0)),
    setAlarm,
    device: (name) => ({
      async deliver(request) {
        // Where a process has descriptors for so many only, it is the whole mesh, and knows who has a link: who has none need not be woken
        // to say so. It is where there is room, for it may be no member any more.
        if (wakeRoomOf(env.MAX_LINKS)?.admits(name) === false)
          return { ok: true, outcome: "offline" };
        return callObject(() => DEVICES.getByName(name).deliver(request));
      },
    }),
    node: (name) => ({
      fanOut: (request) => callObject(() => TAGS.getByName(name).fanOut(request)),
      countChild: (report) => callObject(() => TAGS.getByName(name).countChild(report)),
      go: () => callObject(() => TAGS.getByName(name).go()),
      broadcast: (request) => callObject(() => TAGS.getByName(name).broadcast(request)),
      broadcastStatus: (key, seq) =>
        callObject(() => TAGS.getByName(name).broadcastStatus(key, seq)),
      info: () => callObject(() => TAGS.getByName(name).info()),
    }),
    live: (name) => ({
      publish: (request) => callObject(() => LIVE_NODES.getByName(name).publish(request)),
      presence: (listeners) => callObject(() => LIVE_NODES.getByName(name).presence(listeners)),
      listeners: () => callObject(() => LIVE_NODES.getByName(name).listeners()),
    }),
    updateDirectory: (app, entry) => {
      const name = directoryNameOf(app, entry.tag, shardsOf(env));
      return callObject(() => TAG_DIRECTORIES.getByName(name).report(entry));
    },
    reportError: (error) => console.error(error),
    calls,
    parallelNodes: countOf(env.FAN_OUT_NODES) ?? LIMITS.FAN_OUT_NODES,
  };
}
