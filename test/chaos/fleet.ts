/** Devices: the real SDK, each with a storage of its own that outlives its restarts. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  connect,
  defaultHost,
  fileStorage,
  type Host,
  memoryStorage,
  type PushClient,
  PushError,
  type Storage,
} from "../../sdk/device/node.ts";
import { until } from "./wait.ts";

/**
 * The SDK's own times, a twentieth as long: it then gives up a silent link after 3.5 s (heartbeat 3 s, answer 0.5 s)
 * in place of 70 s, and waits 0 to 3 s between attempts in place of 0 to 60 s. Its clock is not touched.
 */
const HURRY = 20;

function hurriedHost(): Host {
  const host = defaultHost();
  return { ...host, after: (ms, act) => host.after(ms / HURRY, act), report: () => {} };
}

/** Every third app takes up to this long for a message, so that there is always something sent and not acknowledged. */
const SLOW_MS = 20;

/** The number in a message of `load.ts`. */
function numberOf(data: unknown): number {
  if (typeof data === "object" && data !== null && "number" in data) return Number(data.number);
  throw new Error(`no message of ours: ${JSON.stringify(data)}`);
}

/** Notes what apps are handed. */
export interface Witness {
  saw(number: number, regId: string): void;
}

interface FleetDeviceOptions {
  /** Starts the app over the device's storage. */
  readonly open: () => Promise<PushClient>;
  readonly ledger: Witness;
  readonly slow: boolean;
}

export class FleetDevice {
  readonly regId: string;
  readonly #open: () => Promise<PushClient>;
  readonly #ledger: Witness;
  readonly #slow: boolean;
  #client: PushClient | undefined;
  #turn: Promise<void> = Promise.resolve();

  private constructor(regId: string, { open, ledger, slow }: FleetDeviceOptions) {
    this.regId = regId;
    this.#open = open;
    this.#ledger = ledger;
    this.#slow = slow;
  }

  /** A device that is registered and listens. */
  static async make(options: FleetDeviceOptions): Promise<FleetDevice> {
    const client = await options.open();
    const device = new FleetDevice(await client.register(), options);
    device.#listen(client);
    return device;
  }

  get online(): boolean {
    return this.#client !== undefined;
  }

  get connected(): boolean {
    return this.#client?.state === "connected";
  }

  get state(): string {
    return this.#client?.state ?? "offline";
  }

  /** Starts the app, or ends it cleanly. Calls follow one another. */
  setOnline(on: boolean): Promise<void> {
    const act = async (): Promise<void> => {
      if (on && this.#client === undefined) this.#listen(await this.#open());
      else if (!on) {
        const client = this.#client;
        this.#client = undefined;
        await client?.close();
      }
    };
    this.#turn = this.#turn.then(act);
    return this.#turn;
  }

  reconnectNow(): void {
    this.#client?.reconnectNow();
  }

  /**
   * Joins or leaves a tag by the SDK. Settles when it is done, or when the app ends.
   *
   * @returns whether it was answered: else nobody knows whether it was done
   */
  async changeTag(how: "join" | "leave", tag: string): Promise<boolean> {
    const client = this.#client;
    if (client === undefined) return false;
    try {
      await (how === "join" ? client.subscribe(tag) : client.unsubscribe(tag));
      return true;
    } catch (error) {
      if (error instanceof PushError && (error.retry === "later" || error.code === "client_closed"))
        return false;
      throw error;
    }
  }

  #listen(client: PushClient): void {
    client.onMessage(async ({ data }) => {
      const number = numberOf(data);
      this.#ledger.saw(number, this.regId);
      // The app at work, not a wait for anything.
      if (this.#slow) await sleep(number % SLOW_MS);
    });
    client.onError((error) => {
      throw error;
    });
    this.#client = client;
  }
}

export class Fleet {
  readonly devices: readonly FleetDevice[];
  readonly #folder: string;

  private constructor(devices: readonly FleetDevice[], folder: string) {
    this.devices = devices;
    this.#folder = folder;
  }

  /** Makes devices that are registered and listen; every other one keeps its state in files. */
  static async make(options: {
    readonly url: string;
    readonly appId: string;
    readonly count: number;
    readonly ledger: Witness;
  }): Promise<Fleet> {
    const { url, appId, count, ledger } = options;
    const folder = mkdtempSync(join(tmpdir(), "pushmesh-fleet-"));
    const one = (index: number): Promise<FleetDevice> => {
      const storage: Storage =
        index % 2 === 0 ? memoryStorage() : fileStorage(join(folder, `${index}`));
      const host = hurriedHost();
      const open = () => connect({ url, appId, storage, host });
      return FleetDevice.make({ open, ledger, slow: index % 3 === 0 });
    };
    const devices = await Promise.all(Array.from({ length: count }, (_, index) => one(index)));
    return new Fleet(devices, folder);
  }

  /** Brings every device online; resolves when all are connected. */
  async gather(withinMs: number): Promise<void> {
    await Promise.all(this.devices.map((device) => device.setOnline(true)));
    const away = () => this.devices.filter((device) => !device.connected);
    await until(
      () => `devices connected: ${away().map(({ state }) => state)}`,
      () => away().length === 0,
      withinMs,
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.devices.map((device) => device.setOnline(false)));
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
