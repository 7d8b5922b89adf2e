/** What a device's object is given on Workers. */
import { keyringOf } from "../../core/identity/keyring.ts";
import { DepthCache } from "../../core/tag/tree/depth-cache.ts";
import { LIMITS } from "../../schema/limits.ts";
import { callRoomOf } from "../capacity/call-room.ts";
import { countOf } from "../count.ts";
import { deviceIdentity } from "../device/device-identity.ts";
import type { StoredDevice } from "../device/device-ports.ts";
import { DeviceShell } from "../device/device-shell.ts";
import type { ObjectRuntime } from "../runtime.ts";
import type { DeviceSockets } from "./device-sockets.ts";
import { type PeerEnv, peersOf } from "./peers.ts";
import type { Settings } from "./runtime.ts";

/** What it needs of the worker's bindings; worker/env.ts describes them. */
export interface DeviceEnv extends PeerEnv, Settings {
  readonly RECONNECT_FIRST_MS?: string;
  readonly MESH_KEYS: string;
}

/** Where joins begin, of all devices of this isolate. */
const depths = new DepthCache();

/** @param env its bindings, asked for anew each time that one is needed */
export function durableDevice(
  runtime: ObjectRuntime<StoredDevice>,
  sockets: DeviceSockets,
  env: () => DeviceEnv,
): DeviceShell {
  return new DeviceShell(runtime, {
    depths,
    peers: peersOf(env()),
    sockets: () => sockets.open(),
    settings() {
      const { MESH_KEYS, RECONNECT_FIRST_MS } = env();
      const keyring = keyringOf(MESH_KEYS);
      if (typeof keyring === "string") throw new Error(keyring);
      return {
        identity: deviceIdentity(keyring, runtime.name),
        reconnectFirstMs: countOf(RECONNECT_FIRST_MS) ?? LIMITS.RECONNECT_FIRST_MS,
      };
    },
    // A first acknowledgement belongs to a send, which has woken its alias.
    admit: ({ name, call }) =>
      call.method === "firstAck"
        ? null
        : (callRoomOf(env().MAX_LINKS)?.enter(name, LIMITS.COMMAND_MS) ?? null),
  });
}
