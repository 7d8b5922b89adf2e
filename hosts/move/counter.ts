/** Counts what is moved. */
import type { DataLine } from "../../schema/export.ts";

export interface MovedCounts {
  readonly apps: number;
  readonly devices: number;
  /** Including ended ones. */
  readonly registrations: number;
  /** Waiting messages. */
  readonly messages: number;
  /** Aliases that were ever set. */
  readonly aliases: number;
  /** Tags of registrations: a registration in three tags counts three times. */
  readonly subscriptions: number;
  /** Broadcasts in the logs of tags. */
  readonly broadcasts: number;
}

const NAMES = {
  app: "apps",
  device: "devices",
  registration: "registrations",
  mail: "messages",
  alias: "aliases",
  subscription: "subscriptions",
  // Counted at the root of its tag only: other nodes have copies.
  broadcast: "broadcasts",
} as const satisfies Partial<Record<DataLine["kind"], keyof MovedCounts>>;

export class Counter {
  readonly #counts = {
    apps: 0,
    devices: 0,
    registrations: 0,
    messages: 0,
    aliases: 0,
    subscriptions: 0,
    broadcasts: 0,
  };

  add(line: DataLine): void {
    const { kind } = line;
    if (kind === "broadcast" && !line.node.endsWith(".")) return;
    if (kind in NAMES) this.#counts[NAMES[kind as keyof typeof NAMES]] += 1;
  }

  get counts(): MovedCounts {
    return { ...this.#counts };
  }
}
