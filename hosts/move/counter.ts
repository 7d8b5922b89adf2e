/** Counts what is moved. */
import type { DataLine } from "../../schema/export.ts";

export interface MovedCounts {
  readonly apps: number;
  readonly devices: number;
  /** Ended ones included. */
  readonly registrations: number;
  /** Messages that wait. */
  readonly messages: number;
}

export class Counter {
  readonly #counts = { app: 0, device: 0, registration: 0, mail: 0 };

  add({ kind }: DataLine): void {
    this.#counts[kind] += 1;
  }

  get counts(): MovedCounts {
    const { app, device, registration, mail } = this.#counts;
    return { apps: app, devices: device, registrations: registration, messages: mail };
  }
}
