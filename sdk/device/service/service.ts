/** The push service: the one link of a device, shared by its apps. */
import { Account } from "../account/account.ts";
import { PushError } from "../errors.ts";
import type { Host } from "../host.ts";
import { type ClientPort, portPair, type ServicePort } from "../port.ts";
import type { Storage } from "../storage/storage.ts";
import { Hub } from "./hub.ts";

export interface ServiceOptions {
  /** Origins of one mesh, at least one, such as `https://push.example.com`; tried in turn. */
  readonly endpoints: readonly string[];
  /** Keeps the key pair and the account. */
  readonly storage: Storage;
  readonly host: Host;
  /** Stable identifiers of this device; see `ConnectOptions.identifiers`. */
  readonly identifiers: readonly string[];
}

/**
 * Holds a device's account and link for the apps on it. Made by `connect`, or by `startService` where several apps
 * share one. The link is opened when the first app joins, and stays until `close`.
 */
export class PushService {
  readonly #hub: Hub;
  readonly #ports = new Set<ServicePort>();
  readonly #stopOnline: () => void;

  private constructor(hub: Hub, host: Host) {
    this.#hub = hub;
    this.#stopOnline = host.onOnline(() => hub.wake());
  }

  /**
   * Reads the device's keys, or makes and stores them; asks nothing of the network.
   *
   * @throws PushError `option_invalid`, `storage_failed`, `crypto_unsupported`
   */
  static async start(options: ServiceOptions): Promise<PushService> {
    const { host, storage, identifiers } = options;
    const endpoints = options.endpoints.map(toOrigin);
    if (endpoints.length === 0) throw urlError("none");
    const account = await Account.load(host, storage, identifiers);
    return new PushService(new Hub(host, account, endpoints), host);
  }

  /** A port for one app in this process. */
  openPort(): ClientPort {
    const { client, service } = portPair();
    this.serve(service);
    return client;
  }

  /** Serves the app at the other end of a port, which may be in another thread. */
  serve(port: ServicePort): void {
    this.#ports.add(port);
    const receive = this.#hub.join(port);
    port.onmessage = ({ data }) => {
      receive(data);
      if (data.kind === "leave") {
        this.#ports.delete(port);
        port.close();
      }
    };
  }

  /** Sends what was acknowledged, ends the link and closes every port. Registrations stay. */
  close(): void {
    this.#stopOnline();
    this.#hub.close();
    for (const port of this.#ports) port.close();
    this.#ports.clear();
  }
}

function toOrigin(url: string): string {
  try {
    const { origin, protocol } = new URL(url);
    if (protocol === "https:" || protocol === "http:") return origin;
  } catch {
    // Falls through to the error that names it.
  }
  throw urlError(JSON.stringify(url));
}

function urlError(got: string): PushError {
  const message = `url: one or more http or https URLs of a mesh; got ${got}.`;
  return new PushError({ code: "option_invalid", message, retry: "never" });
}
