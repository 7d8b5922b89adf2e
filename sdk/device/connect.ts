/** Starts a client together with its own push service, or joins the one that the tabs of an origin share. */
import { orAborted } from "../aborted.ts";
import type { Log } from "../log.ts";
import type { StandardSchema } from "../standard-schema.ts";
import { checkConnect, checkStart } from "./check-options.ts";
import type { Encryption } from "./client/encryption.ts";
import type { GrantCallback } from "./client/grants.ts";
import type { PushData } from "./client/message.ts";
import type { ClientOptions } from "./client/options.ts";
import { PushError, type PushErrorData } from "./errors.ts";
import { defaultHost, type Host, requireGlobals, toOrigin } from "./host.ts";
import type { PushClient } from "./push-client.ts";
import type { PushService } from "./service/service.ts";
import { SharedClient } from "./shared/client.ts";
import { type PushWorker, summonWorker } from "./shared/summon.ts";
import { Tab } from "./shared/tab.ts";
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
  /** Ends the wait for the start; the promise rejects with its reason. It has no effect on what was started. */
  readonly signal?: AbortSignal | undefined;
}

/** @template T the type of `message.data` */
export interface ConnectOptions<T = PushData> extends StartOptions {
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
  /**
   * Whether the tabs and apps of an origin that use one storage share one link. Default true, in browsers that have Web Locks and
   * BroadcastChannel. False: this client opens a link of its own, and the mesh closes the one that the others share (`replaced`).
   */
  readonly share?: boolean | undefined;
  /**
   * Holds the shared link in a SharedWorker, instead of in one of the tabs: a function that starts a worker whose script is, or imports,
   * `pushmesh/shared-worker`. Needs `indexedDbStorage`, the default. If the worker cannot be started, a tab holds the link.
   *
   * @example worker: () => new SharedWorker(new URL("pushmesh/shared-worker", import.meta.url), { type: "module", name: "push" })
   */
  readonly worker?: (() => PushWorker) | undefined;
  /**
   * Validates the data of each message, after decryption: a schema of any library that implements Standard Schema (https://standardschema.dev), such
   * as Zod, Valibot or ArkType. `message.data` is what it makes of the data. A message that does not fit reaches no handler: `onError` gets
   * `message_invalid`, with the `issues` and the message as it was `received`. It counts as handled and does not come again, because it would hold up
   * those behind it; its sender is told `delivered`. If the schema itself fails, the message is given again, as if a handler had thrown.
   * Default: none; then the type of the data is only claimed.
   *
   * @example schema: z.object({ title: z.string() })
   */
  readonly schema?: StandardSchema<unknown, T> | undefined;
  /**
   * Takes a structured entry for each event of the client: states with reason and time of the next attempt, errors, and, with level `debug`, each message.
   * Entries have names, codes, numbers and message IDs, and no payloads or keys. Default: none.
   *
   * @example log: ({ level, event, ...fields }) => logger[level](fields, event)
   */
  readonly log?: Log | undefined;
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

/** What is loaded only where a link is held. */
async function loadEngine(): Promise<typeof import("./engine.ts")> {
  try {
    return await import("./engine.ts");
  } catch (cause) {
    const message = "The part of the SDK that holds the link could not be loaded.";
    throw new PushError({ code: "load_failed", message, retry: "later", cause });
  }
}

/**
 * Starts a push service for several apps of one device. Join it with `openClient({ port: service.openPort(), … })`. It has a link of its own: do not use
 * `connect` on its storage.
 *
 * @throws PushError `option_invalid`, `storage_failed`, `crypto_unsupported`, `runtime_unsupported`
 */
export async function startService(options: StartOptions): Promise<PushService> {
  checkStart(options);
  const given = withDefaults(options);
  return orAborted(
    options.signal,
    () => openOwn(given),
    (service) => service.close(),
  );
}

async function openOwn({
  url,
  identifiers = [],
  storage,
  host,
}: StartOptions & { readonly storage: Storage; readonly host: Host }): Promise<PushService> {
  const { openService } = await loadEngine();
  return openService({ endpoints: [url].flat(), identifiers, storage, host });
}

/**
 * Joins a push service by a port: for several apps, or processes, that share one.
 *
 * @throws PushError `option_invalid` if the appId is malformed or an option is missing, `storage_failed`
 */
export function openClient<T = PushData>(options: ClientOptions<T>): Promise<PushClient<T>> {
  return orAborted(options?.signal, () => openOn<T>(options), leave);
}

async function openOn<T>(options: ClientOptions<T>): Promise<PushClient<T>> {
  const { AppClient } = await loadEngine();
  return ofType<T>(await AppClient.open(options));
}

/** Whoever began it does not want it any more. */
const leave = (client: Pick<PushClient, "close">): Promise<void> => client.close();

/** Of the type that its schema makes, or that the caller claims. */
const ofType = <T>(client: PushClient): PushClient<T> => client as unknown as PushClient<T>;

/**
 * Starts push for one app. Resolves once the stored state is read. The link then opens by itself, even if there is no
 * network yet.
 *
 * Tabs of an origin that use the same storage are one device and share one link, for one app or several: each gets every message, and each of its
 * calls acts for all. One of them holds the link; if it is closed, another one takes over. All give the same `url` (or one in common) and
 * `identifiers`: a tab with others fails with `option_invalid`, which names the option.
 *
 * Where nothing is shared (Node, Deno, Bun, `share: false`), a second call on one storage takes over the link, and the earlier client is `closed` with
 * `replaced`.
 *
 * @throws PushError `option_invalid`, `storage_failed`, `crypto_unsupported`, `runtime_unsupported`, `load_failed`
 * @example
 * const push = await connect({ url: "https://push.example.com", appId });
 * push.onMessage(async (message) => { await show(message.data); });
 * await tellMyServer(await push.register());
 *
 * @template T the type of `message.data`: what `schema` makes of it. Without one, nobody checks it
 * @example
 * await using push = await connect({ url, appId, schema: z.object({ title: z.string() }) });
 * for await (const { data } of push.messages()) console.log(data.title);
 */
export async function connect<T = PushData>(options: ConnectOptions<T>): Promise<PushClient<T>> {
  checkConnect(options);
  const given = withDefaults(options);
  const { shared } = given.storage;
  const canShare = "BroadcastChannel" in globalThis && globalThis.navigator?.locks !== undefined;
  return orAborted(
    given.signal,
    async () =>
      ofType<T>(
        await (shared && canShare && given.share !== false
          ? connectShared(given, shared)
          : connectAlone(given)),
      ),
    leave,
  );
}

type Given = ConnectOptions<unknown> & { readonly storage: Storage; readonly host: Host };

async function connectAlone(options: Given): Promise<PushClient> {
  const { appId, encryption, grant, sealed, storage, host, url, schema, log } = options;
  const service = await openOwn(options);
  const onClosed = service.close;
  const own = { port: service.openPort(), storage, host, onClosed };
  try {
    const { AppClient } = await loadEngine();
    return await AppClient.open({ ...own, appId, encryption, grant, url, sealed, schema, log });
  } catch (error) {
    onClosed();
    throw error;
  }
}

async function connectShared(
  options: Given,
  shared: Exclude<Storage["shared"], undefined>,
): Promise<PushClient> {
  const {
    appId,
    encryption,
    grant,
    sealed,
    storage,
    host,
    url,
    identifiers = [],
    worker,
    schema,
    log,
  } = options;
  const origins = [url].flat().map(toOrigin);
  const client = await SharedClient.open({
    ...{ appId, host, storage, encryption, grant, sealed, url: origins, identifiers, schema, log },
    attach: (events) =>
      new Tab(
        {
          ...{ appId, shared, host },
          load: async ({ storage, isCurrent }) =>
            (await loadEngine()).Engine.open({ url, identifiers, storage, host, isCurrent }),
          summon: worker && summonWorker(worker, { storage: shared.name, url, identifiers }),
        },
        events,
      ),
    endStored: async () => (await loadEngine()).endStored(storage, host, appId),
  });
  // Whoever leads next needs no network for it, nor the scripts of this version on the server.
  if (!worker) loadEngine().catch(() => {});
  return client;
}
