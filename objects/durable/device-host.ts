/** The shell of a device on Workers. */
import { EVERYONE } from "../../core/condition/types.ts";
import { portableCipher } from "../../core/identity/frame-cipher.ts";
import { keyringOf } from "../../core/identity/keyring.ts";
import { LinkKeys } from "../../core/identity/link-keys.ts";
import { DepthCache } from "../../core/tag/tree/depth-cache.ts";
import { LIMITS } from "../../schema/limits.ts";
import { countOf, shardsOf } from "../bindings.ts";
import { knownObjects } from "../capacity/known-objects.ts";
import { deviceWakes } from "../capacity/wake-limiter.ts";
import { deviceWork, oneByOne } from "../capacity/work-pacer.ts";
import { attachLimit } from "../device/attach-limit.ts";
import type { CallEffect, CallPorts } from "../device/device-call.ts";
import { deviceIdentity } from "../device/device-identity.ts";
import { DeviceShell } from "../device/device-shell.ts";
import { SqlDeviceStore } from "../storage/device-store.ts";
import type { DeviceSockets } from "./device-sockets.ts";
import { type PeerEnv, peersOf } from "./peers.ts";
import { DurableRuntime, type Settings, sleep } from "./runtime.ts";

/** What it needs of the worker's bindings; worker/env.ts describes them. */
export interface DeviceEnv extends PeerEnv, Settings {
  readonly RECONNECT_FIRST_MS?: string;
  readonly MESH_KEYS: string;
  readonly TAG_DIRECTORY_SHARDS?: string;
}

/** Where joins begin, for all devices of this isolate. */
const depths = new DepthCache();

/** What a device asks of tags and aliases that each time waits for the disk. */
const WRITES: ReadonlySet<CallEffect["call"]["method"]> = new Set([
  "join",
  "leave",
  "set",
  "unset",
]);

/** Those that make an object which is not there. */
const MAKES: ReadonlySet<CallEffect["call"]["method"]> = new Set(["join", "set"]);

const makeCipher = portableCipher((count) => crypto.getRandomValues(new Uint8Array(count)));

/** @param env the object's bindings, read again each time that one is needed */
export function durableDevice(
  ctx: DurableObjectState,
  sockets: DeviceSockets,
  env: () => DeviceEnv,
): DeviceShell {
  const name = ctx.id.name ?? "";
  const runtime = new DurableRuntime(ctx, env(), (rows) => new SqlDeviceStore(rows, name));
  return new DeviceShell(runtime, {
    depths,
    peers: peersOf(env()),
    sockets: () => sockets.standing(),
    settings() {
      const { MESH_KEYS, RECONNECT_FIRST_MS } = env();
      const keyring = keyringOf(MESH_KEYS);
      if (typeof keyring === "string") throw new Error(keyring);
      return {
        identity: deviceIdentity(keyring, name),
        linkKeys: new LinkKeys(keyring, name, makeCipher),
        reconnectFirstMs: countOf(RECONNECT_FIRST_MS) ?? LIMITS.RECONNECT_FIRST_MS,
        webhookShards: shardsOf(env()),
      };
    },
    admit: admission(name, () => env().MAX_LINKS),
  });
}

/** @param maxLinks reads the setting MAX_LINKS */
function admission(device: string, maxLinks: () => string | undefined): CallPorts["admit"] {
  const turns = (kind: "known" | "new") =>
    oneByOne(async () => {
      const work = deviceWork(maxLinks(), sleep);
      return work === null ? () => {} : await work.enter(LIMITS.COMMAND_MS, kind);
    });
  const turn = turns("known");
  const newTurn = turns("new");
  const mustWait = attachLimit(() => Date.now());
  return ({ name, call }) => {
    // A first acknowledgement belongs to a send, which has woken its alias. The webhooks of an app are few objects, which work anyway.
    if (call.method === "firstAck" || call.method === "accept") return null;
    const woken = deviceWakes(maxLinks(), sleep)?.enter(name, LIMITS.COMMAND_MS);
    if (woken === undefined) return null;
    // The tag of all devices: budgets of registrations bound it, and a broadcast to everyone may follow at once.
    if (call.method === "join" && call.request.tag === EVERYONE) return woken;
    if (MAKES.has(call.method)) {
      const take = knownObjects.admits(device, name, Date.now()) ? turn : newTurn;
      const taken: Promise<() => void> = woken.then(take);
      return taken.then<() => void>((over) => () => {
        knownObjects.add(name);
        over();
      });
    }
    const isLong = call.method === "attach" ? mustWait() : WRITES.has(call.method);
    return isLong ? woken.then<() => void>(turn) : woken;
  };
}
