/**
 * Forwards a broadcast for several tags to the roots of the others. The root that accepted it from the sender owes it to each of them
 * until that root accepts it, or it expires. A root that is full or cannot be reached delays only what is for its own tag. What is owed
 * is stored in the log, so it survives sleep and kills of the root.
 */
import { LIMITS } from "../../../schema/limits.ts";
import { backoffMs, isDue } from "../../backoff.ts";
import { isNowOrNever, seqTimeMs } from "../../message/clock.ts";
import { SingleFlight } from "../../single-flight.ts";
import type { LogEntry } from "../calls/broadcast.ts";
import type { TagHost } from "../host.ts";
import type { Log } from "../log/log.ts";
import { rootObjectName } from "../name.ts";

interface ForwarderParts {
  readonly host: TagHost;
  readonly log: Log;
  readonly app: string;
}

/** Called when a tag is no longer owed a broadcast. `isAccepted`: its root accepted it, or needs none; else it was refused, or expired. */
type OnForwarded = (position: number, tag: string, isAccepted: boolean) => void;

/** What another tag is owed. */
interface Queue {
  /** Ascending: a tag gets broadcasts in the order they were accepted. */
  readonly positions: number[];
  failures: number;
  /** Next try, milliseconds since 1970. */
  at: number;
  readonly trying: SingleFlight;
}

export class Forwarder {
  readonly #parts: ForwarderParts;
  readonly #onEnd: OnForwarded;
  /** By tag. */
  readonly #queues = new Map<string, Queue>();

  constructor(parts: ForwarderParts, onEnd: OnForwarded) {
    this.#parts = parts;
    this.#onEnd = onEnd;
  }

  /** Whether a root is being called. */
  get isBusy(): boolean {
    return [...this.#queues.values()].some(({ trying }) => trying.isRunning);
  }

  /** Must be called in the order of positions. */
  add(position: number, tags: readonly string[]): void {
    for (const tag of tags) {
      const queue = this.#queues.get(tag) ?? {
        positions: [],
        failures: 0,
        at: 0,
        trying: new SingleFlight(),
      };
      queue.positions.push(position);
      this.#queues.set(tag, queue);
    }
  }

  /** The tags that are owed a broadcast. */
  owed(position: number): readonly string[] {
    return [...this.#queues]
      .filter(([, { positions }]) => positions.includes(position))
      .map(([tag]) => tag);
  }

  /** Calls the roots that are due, in parallel, and sets the alarm for the others. */
  async run(): Promise<void> {
    const { host } = this.#parts;
    await Promise.all([...this.#queues].map(([tag, queue]) => this.#try(tag, queue)));
    const next = Math.min(...[...this.#queues.values()].map(({ at }) => at));
    if (Number.isFinite(next)) host.setAlarm(next);
  }

  #try(tag: string, queue: Queue): Promise<void> {
    if (!isDue(queue.at, this.#parts.host.now())) {
      this.#expire(tag, queue);
      return Promise.resolve();
    }
    return queue.trying.run(() => this.#forward(tag, queue));
  }

  /** Oldest first, until one fails. */
  async #forward(tag: string, queue: Queue): Promise<void> {
    const { host } = this.#parts;
    for (;;) {
      this.#expire(tag, queue);
      const [position] = queue.positions;
      const entry = position === undefined ? undefined : this.#parts.log.entry(position);
      if (position === undefined || entry === undefined) return;
      if (entry.recalledAt !== undefined) {
        this.#end(tag, queue, position, true);
        continue;
      }
      const waitMs = await this.#ask(tag, entry);
      if (typeof waitMs === "number") {
        queue.failures++;
        queue.at = host.now() + Math.max(waitMs, backoffMs(queue.failures, host.random()));
        // It may have expired by then.
        queue.at = Math.min(queue.at, Math.max(endOf(entry), host.now() + 1));
        return;
      }
      queue.failures = 0;
      queue.at = 0;
      this.#end(tag, queue, position, waitMs === "accepted");
    }
  }

  /** Resolves to a number if the root may accept it later: how many milliseconds to wait at least. */
  async #ask(tag: string, entry: LogEntry): Promise<number | "accepted" | "refused"> {
    const { host, app } = this.#parts;
    const { position: _, seq, expiresAt, ...message } = entry;
    const request = { ...message, app, ttlSeconds: 0, accepted: { seq, expiresAt } };
    const root = host.node(rootObjectName(app, tag));
    try {
      const answer = await host.withTimeout(LIMITS.CALL_MS, root.broadcast(request));
      // A tag that nobody ever joined needs no broadcast.
      if (answer.ok || answer.code === "tag_unknown") return "accepted";
      // It has a different broadcast with this key.
      if (answer.code === "idempotency_key_reused") return "refused";
      return answer.retryAfterMs ?? 0;
    } catch (error) {
      host.reportError(error);
      return 0;
    }
  }

  /** Drops what has expired, or is no longer in the log. */
  #expire(tag: string, queue: Queue): void {
    const now = this.#parts.host.now();
    for (const position of [...queue.positions]) {
      const header = this.#parts.log.header(position);
      if (header === undefined || endOf(header) <= now) this.#end(tag, queue, position, false);
    }
  }

  #end(tag: string, queue: Queue, position: number, isAccepted: boolean): void {
    queue.positions.splice(queue.positions.indexOf(position), 1);
    if (queue.positions.length === 0 && this.#queues.get(tag) === queue) this.#queues.delete(tag);
    this.#onEnd(position, tag, isAccepted);
  }
}

/** When a broadcast is of no more use to another tag, milliseconds since 1970. */
const endOf = ({ seq, expiresAt }: Pick<LogEntry, "seq" | "expiresAt">): number =>
  isNowOrNever(seq) ? seqTimeMs(seq) + LIMITS.NOW_MS : expiresAt;
