/** Keeps a workerd running until it is told to stop. */
import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { MeshProcess, Started } from "../machine/host.ts";
import type { Front } from "./front/front.ts";
import { forgetProcess, rememberProcess } from "./orphan.ts";
import { spreadAlarms } from "./spread-alarms.ts";
import { sweepStorage } from "./storage.ts";
import { Workerd, type WorkerdOptions } from "./workerd.ts";

/** Waits before the restarts in a row. The last one stays: what ends a process may pass, and nobody else starts it. */
const BACKOFF_MS = [250, 500, 1_000, 2_000, 4_000, 10_000];
/** A process that ran this long counts as good again. */
const GOOD_MS = 60_000;
/** For the links to be closed in; with the end of the process a stop takes under 5 s. */
const DRAIN_MS = 4_000;

export interface SupervisorOptions extends WorkerdOptions {
  /** Where the process ID is kept for `endOrphan`. */
  readonly pidFile: string;
  /** The socket for requests that the configuration names. */
  readonly path: string;
  /** Has the public port, also while there is no workerd. */
  readonly front: Front;
  /** Folder of the objects' databases. */
  readonly storage: string;
  /** Links that there are descriptors for. */
  readonly maxLinks: number;
  /** The public port; 0 takes a free one. */
  readonly port: number;
  /** Told one line about each unasked-for end. */
  readonly log: (line: string) => void;
}

export class Supervisor implements MeshProcess {
  readonly #options: SupervisorOptions;
  #workerd: Workerd | undefined;
  #stopping = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /** It was told to stop. */
  get stopping(): boolean {
    return this.#stopping;
  }

  /**
   * Starts the process and waits until it answers.
   *
   * @throws {HostFailure} where it does not come up.
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
   * Starts the process anew whenever it ends by itself.
   *
   * @returns when it was stopped.
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
        // Counts as one more end: `ended` of that process resolves at once.
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
