/// <reference lib="esnext.disposable" preserve="true" />
/** The push service: the one link of a device, shared by its apps. */
import { Account } from "../account/account.ts";
import { type Host, toOrigin } from "../host.ts";
import { type ClientPort, portPair, type ServicePort } from "../port.ts";
import { guardStorage, type Storage } from "../storage/storage.ts";
import { Hub } from "./hub.ts";

/** `Symbol.dispose`, or what compilers of `using` take where a runtime lacks it. */
const DISPOSE: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for("Symbol.dispose");

interface ServiceOptions {
  /** Origins of one mesh, at least one, such as `https://push.example.com`. The service tries them in turn. */
  readonly endpoints: readonly string[];
  /** Stores the key pair and the account. */
  readonly storage: Storage;
  readonly host: Host;
  /** Identifiers of this device; see `ConnectOptions.identifiers`. */
  readonly identifiers: readonly string[];
}

/**
 * Holds the account and the link of a device for its apps. Created by `connect`, or by `startService` if several apps share one.
 * The link opens when the first app joins, and stays until `close`.
 */
export interface PushService {
  /** Returns a port for one app in this process. */
  openPort(): ClientPort;
  /** Serves the app at the other end of a port, which may be in another thread. */
  serve(port: ServicePort): void;
  /** Sends pending acknowledgements and closes the link. Registrations stay. */
  close(): void;
  /** The same as `close`, for `using` and `await using`. */
  [Symbol.dispose](): void;
}

/**
 * Reads the keys of the device, or creates and stores them. Makes no network request.
 *
 * @throws PushError `option_invalid`, `storage_failed`, `crypto_unsupported`
 */
export async function openService(options: ServiceOptions): Promise<PushService> {
  const { host, storage, identifiers } = options;
  const endpoints = options.endpoints.map(toOrigin);
  if (endpoints.length === 0) toOrigin("");
  const guarded = guardStorage(storage);
  const account = await Account.load(host, guarded, identifiers);
  const hub = new Hub(host, account, endpoints, guarded);
  const stopOnline = host.onOnline(() => hub.wake());
  const stopOffline = host.onOffline?.(() => hub.probe());
  const serve = (port: ServicePort): void => hub.serve(port);
  const close = (): void => {
    stopOnline();
    stopOffline?.();
    hub.close();
  };
  return {
    openPort: () => {
      const { client, service } = portPair();
      serve(service);
      return client;
    },
    serve,
    close,
    [DISPOSE]: close,
  };
}
