/** The convenience that puts a client and its own push service together. */
import { PushClient } from "./client/client.ts";
import { defaultHost, type Host } from "./host.ts";
import { PushService } from "./service/service.ts";
import { indexedDbStorage } from "./storage/indexed-db.ts";
import { memoryStorage, type Storage } from "./storage/storage.ts";

export interface StartOptions {
  /** The mesh, such as `https://push.example.com`; several endpoints of one mesh are tried in turn. */
  readonly url: string | readonly string[];
  /**
   * Keeps the device's keys, its regIds and its duplicate windows. Default: IndexedDB where there is one, memory
   * elsewhere — see `@pushmesh/device/node` for files.
   */
  readonly storage?: Storage;
  /**
   * What tells this device from others, such as a serial number, up to 8 strings; hashed with SHA-256 before they
   * leave the device. The same ones are the same device also after its storage was lost. Default: none; the device
   * is then a random number kept in the storage.
   */
  readonly identifiers?: readonly string[];
  /** Default: `defaultHost()`. */
  readonly host?: Host;
}

export interface ConnectOptions extends StartOptions {
  /** The appId that `pushmesh app create` printed. */
  readonly appId: string;
}

/** A storage and a host for those options that name none. */
function withDefaults(options: StartOptions): { storage: Storage; host: Host } {
  const { storage, host = defaultHost() } = options;
  if (storage !== undefined) return { storage, host };
  return { storage: "indexedDB" in globalThis ? indexedDbStorage() : memoryStorage(), host };
}

/**
 * Starts a push service for several apps of one device; join it with `openClient({ port: service.openPort(), … })`.
 *
 * @throws PushError `option_invalid`, `storage_failed`, `crypto_unsupported`
 */
export function startService(options: StartOptions): Promise<PushService> {
  const { url, identifiers = [] } = options;
  const endpoints = typeof url === "string" ? [url] : url;
  return PushService.start({ endpoints, identifiers, ...withDefaults(options) });
}

/**
 * Starts push for one app. Resolves when what is stored was read; the link opens by itself from then on, also where
 * there is no network yet.
 *
 * @throws PushError `option_invalid`, `storage_failed`, `crypto_unsupported`
 * @example
 * const push = await connect({ url: "https://push.example.com", appId });
 * push.onMessage(async (message) => { await show(message.data); });
 * await tellMyServer(await push.register());
 */
export async function connect(options: ConnectOptions): Promise<PushClient> {
  const parts = withDefaults(options);
  const service = await startService({ ...options, ...parts });
  const port = service.openPort();
  return PushClient.open({ appId: options.appId, port, onClosed: () => service.close(), ...parts });
}
