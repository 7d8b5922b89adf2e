/** Which ports may speak for which registered app: the service stores the secret of the port that registered it. */
import type { PushErrorData } from "../errors.ts";
import type { Host } from "../host.ts";
import type { Storage } from "../storage/storage.ts";
import type { App } from "./app.ts";

export const IN_USE: PushErrorData = {
  code: "app_in_use",
  message: "The app is open in another client.",
  retry: "never",
};

export const DENIED: PushErrorData = {
  code: "app_denied",
  message: "Another client has registered the app, with another storage.",
  retry: "never",
};

/** The secret of an app's ports, and the slot of its registration; both empty if it is not bound. */
interface Binding {
  readonly secret: string | undefined;
  readonly slot: number;
}

const keyOf = (appId: string): string => `port/${appId}`;

export class Bindings {
  readonly #storage: Pick<Storage, "get" | "set">;
  readonly #report: Host["report"];
  /** By appId, as stored. */
  readonly #known = new Map<string, string>();

  constructor(storage: Pick<Storage, "get" | "set">, report: Host["report"]) {
    this.#storage = storage;
    this.#report = report;
  }

  /** Rejects with the error of the storage: then nobody may speak for the app. */
  async read(appId: string): Promise<Binding> {
    const stored = this.#known.get(appId) ?? (await this.#storage.get(keyOf(appId)));
    const [secret, slot] = String(stored ?? "").split(" ");
    return { secret, slot: Number(slot) };
  }

  /** From now on, only ports with the secret of this one open the app, if it is registered. */
  bind({ appId, secret, registration }: App): void {
    const text = `${secret} ${registration?.slot}`;
    if (!secret || !registration || this.#known.get(appId) === text) return;
    this.#known.set(appId, text);
    // If it fails, the first port after the next start binds the app.
    this.#storage.set(keyOf(appId), text).catch(this.#report);
  }
}
