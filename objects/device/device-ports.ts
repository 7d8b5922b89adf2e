/** What a device's object needs from its host, apart from its runtime. */
import type { DeviceIdentity } from "../../core/device/identity.ts";
import type { DeviceStore } from "../../core/device/store.ts";
import type { LinkKeys } from "../../core/identity/link-keys.ts";
import type { DepthCache } from "../../core/tag/tree/depth-cache.ts";
import type { SocketPort } from "../runtime.ts";
import type { CallPorts } from "./device-call.ts";

/** The rows of a device's object. */
export interface StoredDevice extends DeviceStore {
  /** Whether anything is stored. */
  readonly exists: boolean;
  /** The device has read all that it keeps in memory, so the store can drop its copy. */
  forget?(): void;
}

export interface DevicePorts extends CallPorts {
  /** At which depth joins of a tag start, for all devices of this process. */
  readonly depths: DepthCache;
  /** Called for each life of its memory. If it throws, the event that woke the object fails. */
  settings(): DeviceSettings;
  /** Sockets that were open before the object was loaded; one of them may be its link's. */
  sockets(): Iterable<SocketPort>;
}

export interface DeviceSettings {
  readonly identity: DeviceIdentity;
  readonly linkKeys: LinkKeys;
  /** How many objects the webhooks of an app are spread over. */
  readonly webhookShards: number;
  /** Window of the first reconnect after an established link was closed, milliseconds. */
  readonly reconnectFirstMs: number;
}
