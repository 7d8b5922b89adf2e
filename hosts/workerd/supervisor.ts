/** Keeps a workerd running until it is stopped. */
import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { MeshProcess, Started } from "../machine/host.ts";
import type { Front } from "./front/front.ts";
import { forgetProcess, rememberProcess } from "./orphan.ts";
import { spreadAlarms } from "./spread-alarms.ts";
import { sweepStorage } from "./storage.ts";
import { Workerd, type WorkerdOptions } from "./workerd.ts";

/** Delays of consecutive restarts. The last one repeats: the cause may pass, and nobody else restarts workerd. */
const BACKOFF_MS = [250, 500, 1_000, 2_000, 4_000, 10_000];
/** A process that has run this long resets the delays. */
const GOOD_MS = 60_000;
/** Time to close the links during a stop. Together with the end of the process, a stop takes less than 5 s. */
const DRAIN_MS = 4_000;

interface SupervisorOptions extends WorkerdOptions {
  /** File of the process ID, for `endOrphan`. */
  readonly pidFile: string;
  /** Path of the socket for requests, as in the configuration. */
  readonly path: string;
  /** Keeps the public port open, even while workerd restarts. */
  readonly front: Front;
  /** Folder of the objects' databases. */
  readonly storage: string;
  /** Maximum number of links. */
  readonly maxLinks: number;
  /** The public port; 0 chooses a free one. */
  readonly port: number;
  /** Logs a line about each unexpected end. */
  readonly log: (line: string) => void;
}

export class Supervisor implements MeshProcess {
  readonly #options: SupervisorOptions;
  #workerd: Workerd | undefined;
  #stopping = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  /**
   * Starts the process and waits until it answers.
   *
   * @throws {HostFailure} if it does not start
   */
  async start(): Promise<Started> {
    await this.#start();
    return { port: await this.#options.front.open(this.#options.port) };
  }

  async #start(): Promise<void> {
    const { path, storage, maxLinks } = this.#options;
    rmSync(path, { force: true });
    spreadAlarms(storage, maxLinks, Date.now());
    this.#workerd = Workerd.start(this.#options);
    rememberProcess(this.#options.pidFile, this.#workerd.pid);
    try {
      await this.#workerd.readyAt(path);
    } catch (error) {
      this.#workerd.kill();
      throw error;
    }
  }

  /**
   * Restarts the process whenever it ends by itself.
   *
   * @returns a promise that resolves when it was stopped
   */
  async watch(): Promise<void> {
    let failures = 0;
    while (this.#workerd !== undefined) {
      const since = performance.now();
      const how = await this.#workerd.ended;
      if (this.#stopping) return;
      if (performance.now() - since > GOOD_MS) failures = 0;
      const wait = BACKOFF_MS[Math.min(failures, BACKOFF_MS.length - 1)];
      failures += 1;
      this.#options.log(`workerd ended by itself (${how}); starting it again in ${wait} ms`);
      await sleep(wait);
      if (this.#stopping) return;
      try {
        sweepStorage(this.#options.storage);
        await this.#start();
        this.#options.log("workerd is up again");
      } catch (error) {
        // Counts as another unexpected end: `ended` of that process resolves at once.
        if (!this.#stopping) this.#options.log((error as Error).message);
      }
    }
  }

  /** Closes the links, then ends the process. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#options.front.closeIdle();
    await this.#workerd?.stop(DRAIN_MS);
    this.#options.front.kill();
    forgetProcess(this.#options.pidFile);
  }

  /** Ends the process at once. */
  kill(): void {
    this.#stopping = true;
    this.#workerd?.kill();
    this.#options.front.kill();
    forgetProcess(this.#options.pidFile);
  }
}
