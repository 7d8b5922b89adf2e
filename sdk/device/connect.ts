/** Starts a client together with its own push service. */
import { PushClient } from "./client/client.ts";
import type { Encryption } from "./client/encryption.ts";
import type { GrantCallback } from "./client/grants.ts";
import { PushError, type PushErrorData } from "./errors.ts";
import { defaultHost, type Host, requireGlobals } from "./host.ts";
import { openService, type PushService } from "./service/service.ts";
import { indexedDbStorage } from "./storage/indexed-db.ts";
import { memoryStorage, type Storage } from "./storage/storage.ts";

export interface StartOptions {
  /**
   * URL of the mesh, such as `https://push.example.com`. If you give several endpoints of one mesh, the SDK tries them in turn.
   */
  readonly url: string | readonly string[];
  /**
   * Stores the device's keys, regIds, duplicate windows and cursors. Default: IndexedDB, if the runtime has it.
   * Other runtimes (Node, Deno, Bun) default to memory: each start is then a new device that misses the messages queued for
   * the last one, and the SDK calls `Host.report` (the console) with `storage_missing`. There, import
   * `pushmesh/device/node`, which stores files, or pass `memoryStorage()` if that is what you want.
   */
  readonly storage?: Storage;
  /**
   * Up to 8 strings that tell apart devices whose storage is the same, such as copies of one disk: for example a serial
   * number. The SDK hashes them with SHA-256 before they leave the device. They give no right: a device that lost its
   * storage is another device. Default: none; the device is then a random number kept in the storage.
   */
  readonly identifiers?: readonly string[];
  /** Default: `defaultHost()`. */
  readonly host?: Host;
}

export interface ConnectOptions extends StartOptions {
  /** The appId that `pushmesh app create` printed. */
  readonly appId: string;
  /** Decrypts messages: `webPushEncryption()` of `pushmesh/encryption`. Default: none; encrypted messages are dropped. */
  readonly encryption?: Encryption | undefined;
  /**
   * Fetches a grant from your server, which makes it with `PushServer.grant`. Required unless the app is open. Called when the app registers,
   * when about two thirds of the grant's life are over (only while there is a link), and when the mesh says that it is over. If it
   * fails, the SDK reports `grant_failed` and calls it again.
   */
  readonly grant?: GrantCallback | undefined;
  /**
   * Whether the app and the mesh seal what they send each other, beyond TLS: with a key that they agree on when the app registers, and that
   * changes every 30 days. Default true; a mesh of an older version, or a runtime without X25519 (reported as `sealing_unsupported`),
   * goes without. False sets up no key, for debugging; a registration that has one keeps it.
   */
  readonly sealed?: boolean | undefined;
}

const NO_STORAGE: PushErrorData = {
  code: "storage_missing",
  message: "No IndexedDB: each start is a new device. Pass a storage.",
  retry: "never",
};

/** Fills in the default storage and host. */
function withDefaults<T extends StartOptions>(options: T): T & { storage: Storage; host: Host } {
  // `options` may be undefined: the error then names the missing url.
  if (options?.host === undefined) requireGlobals("WebSocket", "fetch", "crypto");
  const host = defaultHost();
  if (options?.storage !== undefined || "indexedDB" in globalThis)
    return { storage: indexedDbStorage(), host, ...options };
  const started = { host, ...options, storage: memoryStorage() };
  started.host.report(new PushError(NO_STORAGE));
  return started;
}

/**
 * Starts a push service for several apps of one device. Join it with `openClient({ port: service.openPort(), … })`.
 *
 * @throws PushError `option_invalid`, `storage_failed`, `crypto_unsupported`, `runtime_unsupported`
 */
export function startService(options: StartOptions): Promise<PushService> {
  const { url, identifiers = [], storage, host } = withDefaults(options);
  const endpoints: readonly string[] = [url].flat();
  return openService({ endpoints, identifiers, storage, host });
}

/**
 * Starts push for one app. Resolves once the stored state is read. The link then opens by itself, even if there is no
 * network yet.
 *
 * If it is called twice on one storage, for example in two tabs of a page, the later call takes over the link and the
 * earlier client is `closed` with `replaced`. To share a link, use one service (`startService`, `openClient`).
 *
 * @throws PushError `option_invalid`, `storage_failed`, `crypto_unsupported`, `runtime_unsupported`
 * @example
 * const push = await connect({ url: "https://push.example.com", appId });
 * push.onMessage(async (message) => { await show(message.data); });
 * await tellMyServer(await push.register());
 */
export async function connect(options: ConnectOptions): Promise<PushClient> {
  const { appId, encryption, grant, sealed, ...rest } = withDefaults(options);
  const { storage, host, url } = rest;
  const service = await startService(rest);
  const onClosed = service.close;
  const port = service.openPort();
  const options_ = { appId, port, storage, host, encryption, grant, url, sealed, onClosed };
  return PushClient.open(options_).catch((error: unknown) => {
    onClosed();
    throw error;
  });
}
