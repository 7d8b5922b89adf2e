/** A device that is switched on and off, and whose app counts what it shows. */
import { onTestFinished } from "vitest";
import { connect, fileStorage } from "../../../sdk/device/node.ts";
import type { PushClient } from "../../../sdk/device/push-client.ts";
import { temporaryFolder } from "./process.ts";

/** A device whose storage is a folder, as an app keeps it over its restarts. */
export class Phone {
  readonly #storage = fileStorage(temporaryFolder());
  readonly #url: string;
  readonly #appId: string;
  /** IDs in the order in which they were shown. */
  readonly shown: string[] = [];
  #client: PushClient | undefined;
  #changed = () => {};

  constructor(url: string, appId: string) {
    this.#url = url;
    this.#appId = appId;
    onTestFinished(() => this.off());
  }

  /** @returns its regId */
  async on(): Promise<string> {
    const client = await connect({ url: this.#url, appId: this.#appId, storage: this.#storage });
    this.#client = client;
    client.onMessage(({ id }) => {
      this.shown.push(id);
      this.#changed();
    });
    return client.register();
  }

  /** The app's side of the SDK, while it is on. */
  get client(): PushClient {
    if (this.#client === undefined) throw new Error("the phone was never on");
    return this.#client;
  }

  off(): void {
    this.#client?.close();
  }

  async unregister(): Promise<void> {
    await this.#client?.unregister();
  }

  /** Waits until so many were shown. */
  async hasShown(count: number): Promise<void> {
    while (this.shown.length < count) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }
}
