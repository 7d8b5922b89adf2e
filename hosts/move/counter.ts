/** Counts the moved data, by kind. */
import type { MovedCounts } from "../../cli/clone.ts";
import type { DataLine } from "../../schema/export.ts";

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
