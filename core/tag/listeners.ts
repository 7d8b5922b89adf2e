/** The live nodes of a tag, as its root sees them: who listens, and how far each has come. */
import { LIMITS } from "../../schema/limits.ts";
import type { TagHost } from "./host.ts";
import type { Log } from "./log.ts";
import { liveObjectName } from "./name.ts";
import type { LiveNodeRecord, NodeRecord } from "./store.ts";
import type { LiveReport } from "./types.ts";

const TRIES = 3;
const RETRY_MS = 1_000;

export interface ListenersParts {
  readonly host: TagHost;
  readonly log: Log;
  readonly app: string;
  readonly tagId: string;
  readonly tag: string;
  readonly record: () => NodeRecord;
}

export class Listeners {
  readonly #parts: ListenersParts;
  /** By name of the live node's object. */
  readonly #counts = new Map<string, number>();
  /** Listeners that entries were sent to, by position; of those under way. */
  readonly #sent = new Map<number, number>();
  #told = 0;
  #publishing: Promise<void> | null = null;
  /** Position up to which all live nodes have everything. */
  #upTo: number;

  /** @param upTo what is known to have been published before */
  constructor(parts: ListenersParts, upTo: number) {
    this.#parts = parts;
    this.#upTo = upTo;
  }

  get count(): number {
    let sum = 0;
    for (const count of this.#counts.values()) sum += count;
    return sum;
  }

  sentTo(position: number): number {
    return this.#sent.get(position) ?? 0;
  }

  /** Asks the live nodes of which it does not know: the root slept since they reported. */
  async learn(): Promise<void> {
    const { host, record } = this.#parts;
    const unknown = record()
      .liveNodes.map((node) => this.#nameOf(node))
      .filter((name) => !this.#counts.has(name));
    const ask = async (name: string) => {
      const count = await host.live(name).listeners();
      // It may have reported meanwhile.
      if (!this.#counts.has(name)) this.#counts.set(name, count);
    };
    await Promise.all(unknown.map((name) => ask(name).catch(host.trouble)));
  }

  async report({ region, n, listeners }: LiveReport): Promise<void> {
    const own = this.#nameOf({ region, n });
    this.#counts.set(own, listeners);
    await this.learn();
    const total = this.count;
    if (total === this.#told) return;
    this.#told = total;
    for (const name of this.#counts.keys()) {
      // The one that reports is answered.
      if (name === own) continue;
      this.#parts.host.live(name).presence(total).catch(this.#parts.host.trouble);
    }
  }

  /** Sends what is new to every live node, in order; resolves when all that is in the log by then was sent. */
  async publish(): Promise<void> {
    while (this.#upTo < this.#parts.log.head) {
      this.#publishing ??= this.#publish().finally(() => {
        this.#publishing = null;
      });
      await this.#publishing;
    }
  }

  async #publish(): Promise<void> {
    const { log, record } = this.#parts;
    const { head } = log;
    const sent = await Promise.all(record().liveNodes.map((node) => this.#publishTo(node, head)));
    const listeners = sent.reduce((sum, count) => sum + count, 0);
    for (let position = this.#upTo + 1; position <= head; position++) {
      this.#sent.set(position, listeners);
    }
    this.#upTo = head;
    for (const position of this.#sent.keys()) {
      if (position <= head - LIMITS.LOG_ENTRIES) this.#sent.delete(position);
    }
  }

  /** How many listeners of one node it was sent to; 0 where the node cannot be reached: they resume by their cursors. */
  async #publishTo(node: LiveNodeRecord, head: number): Promise<number> {
    const { host, tag, log } = this.#parts;
    const live = host.live(this.#nameOf(node));
    let from = this.#upTo + 1;
    for (let tries = 0; tries < TRIES; ) {
      try {
        const answer = await live.publish({ tag, entries: log.slice(from, head) });
        if (answer.kind === "sent") {
          this.#counts.set(this.#nameOf(node), answer.listeners);
          return answer.listeners;
        }
        // What nobody remembers cannot be sent: the node goes on without it.
        if (answer.head + 1 >= from) return 0;
        from = answer.head + 1;
      } catch (error) {
        host.trouble(error);
        await host.sleep(RETRY_MS * 2 ** tries++);
      }
    }
    return 0;
  }

  #nameOf({ region, n }: LiveNodeRecord): string {
    const { app, tagId } = this.#parts;
    return liveObjectName({ app, tagId, region, n });
  }
}
