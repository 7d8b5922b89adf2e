/** What a device's object needs of its host, besides its runtime. */
import type { DeviceIdentity } from "../../core/device/identity.ts";
import type { DeviceStore } from "../../core/device/store.ts";
import type { DepthCache } from "../../core/tag/tree/depth-cache.ts";
import type { SocketPort } from "../runtime.ts";
import type { CallPorts } from "./device-call.ts";

/** What a device's object stores. */
export interface StoredDevice extends DeviceStore {
  /** Whether there is anything to read. */
  readonly exists: boolean;
  /** The device has read what it keeps in memory: no copy of it has to stay. */
  forget?(): void;
}

export interface DevicePorts extends CallPorts {
  /** Where joins begin, of all devices of this process. */
  readonly depths: DepthCache;
  /** Asked for each life of its memory. What it throws fails whatever woke the object. */
  settings(): DeviceSettings;
  /** Those that were open before the object was in memory, of which one may be its link's. */
  sockets(): Iterable<SocketPort>;
}

export interface DeviceSettings {
  readonly identity: DeviceIdentity;
  /** Window of the first reconnect after a link that stood was closed, milliseconds. */
  readonly reconnectFirstMs: number;
}
