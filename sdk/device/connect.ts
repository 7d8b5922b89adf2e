/** The convenience that puts a client and its own push service together. */
import { PushClient } from "./client/client.ts";
import { PushError, type PushErrorData } from "./errors.ts";
import { defaultHost, type Host, requireGlobals } from "./host.ts";
import { openService, type PushService } from "./service/service.ts";
import { indexedDbStorage } from "./storage/indexed-db.ts";
import { memoryStorage, type Storage } from "./storage/storage.ts";

export interface StartOptions {
  /** The mesh, such as `https://push.example.com`; several endpoints of one mesh are tried in turn. */
  readonly url: string | readonly string[];
  /**
   * Keeps the device's keys, its regIds, its duplicate windows and its cursors. Default: IndexedDB where there is one.
   * Elsewhere (Node, Deno, Bun) the default is memory: each start is then a new device, which misses what was queued for
   * the last one, and `Host.report`, the console, is told so (`storage_missing`). Import `pushmesh/device/node` there, which
   * keeps files; or give `memoryStorage()`, if that is what you want.
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

const NO_STORAGE: PushErrorData = {
  code: "storage_missing",
  message: "No IndexedDB: each start is a new device. Give a storage.",
  retry: "never",
};

/** A storage and a host for those options that name none. */
function withDefaults<T extends StartOptions>(options: T): T & { storage: Storage; host: Host } {
  // Without options, too: it is the url that is then missed.
  if (options?.host === undefined) requireGlobals("WebSocket", "fetch", "crypto");
  const host = defaultHost();
  if (options?.storage !== undefined || "indexedDB" in globalThis)
    return { storage: indexedDbStorage(), host, ...options };
  const started = { host, ...options, storage: memoryStorage() };
  started.host.report(new PushError(NO_STORAGE));
  return started;
}

/**
 * Starts a push service for several apps of one device; join it with `openClient({ port: service.openPort(), … })`.
 *
 * @throws PushError `option_invalid`, `storage_failed`, `crypto_unsupported`, `runtime_unsupported`
 */
export function startService(options: StartOptions): Promise<PushService> {
  const { url, identifiers = [], storage, host } = withDefaults(options);
  const endpoints: readonly string[] = [url].flat();
  return openService({ endpoints, identifiers, storage, host });
}

/**
 * Starts push for one app. Resolves when what is stored was read; the link opens by itself from then on, also where
 * there is no network yet.
 *
 * Of two calls on one storage, such as two tabs of a page, the later takes the link over, and the earlier ends as `closed` with
 * `replaced`: share one service instead (`startService`, `openClient`).
 *
 * @throws PushError `option_invalid`, `storage_failed`, `crypto_unsupported`, `runtime_unsupported`
 * @example
 * const push = await connect({ url: "https://push.example.com", appId });
 * push.onMessage(async (message) => { await show(message.data); });
 * await tellMyServer(await push.register());
 */
export async function connect(options: ConnectOptions): Promise<PushClient> {
  const { appId, storage, host, ...rest } = withDefaults(options);
  const service = await startService({ storage, host, ...rest });
  const onClosed = service.close;
  return PushClient.open({ appId, port: service.openPort(), storage, host, onClosed }).catch(
    (error: unknown) => {
      onClosed();
      throw error;
    },
  );
}
