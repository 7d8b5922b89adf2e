/**
 * Gives a broadcast that is for several tags to the roots of the others: the root that has it from its sender owes it to each of
 * them until that root takes it, or it expires. One that is full or cannot be reached holds up nothing but what is for it.
 * What is owed is told by the log, so that it outlasts the root's sleep and its death.
 */
import { LIMITS } from "../../../schema/limits.ts";
import { backoffMs, isDue } from "../../backoff.ts";
import { isNowOrNever, seqTimeMs } from "../../message/clock.ts";
import { SingleFlight } from "../../single-flight.ts";
import type { TagHost } from "../host.ts";
import type { Log } from "../log/log.ts";
import { rootObjectName } from "../name.ts";
import type { LogEntry } from "../types.ts";

interface ForwarderParts {
  readonly host: TagHost;
  readonly log: Log;
  readonly app: string;
}

/** The hand-on to a tag is over: `isTaken` where its root took the broadcast or needs none; else it was refused, or expired. */
type OnForwarded = (position: number, tag: string, isTaken: boolean) => void;

/** What one other tag is owed. */
interface Queue {
  /** Rising: a tag gets them in the order in which they were accepted. */
  readonly positions: number[];
  failures: number;
  /** When it is tried next, milliseconds since 1970. */
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

  /** Whether a root is being asked. */
  get isBusy(): boolean {
    return [...this.#queues.values()].some(({ trying }) => trying.isRunning);
  }

  /** Broadcasts are added in the order of their positions. */
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

  /** Asks the roots whose time has come, side by side; sets the alarm for the others. */
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
      this.#end(tag, queue, position, waitMs === "taken");
    }
  }

  /** Whether the root has taken it or never will, or else how many milliseconds to wait at least. */
  async #ask(tag: string, entry: LogEntry): Promise<number | "taken" | "refused"> {
    const { host, app } = this.#parts;
    const { position: _, seq, expiresAt, ...message } = entry;
    const request = { ...message, app, ttlSeconds: 0, accepted: { seq, expiresAt } };
    const root = host.node(rootObjectName(app, tag));
    try {
      const answer = await host.withTimeout(LIMITS.CALL_MS, root.broadcast(request));
      // A tag that nobody ever joined needs no broadcast.
      if (answer.ok || answer.code === "tag_unknown") return "taken";
      // It has another broadcast of this key, which stays.
      if (answer.code === "idempotency_key_reused") return "refused";
      return answer.retryAfterMs ?? 0;
    } catch (error) {
      host.reportError(error);
      return 0;
    }
  }

  /** Gives up what has expired, and what the log remembers no more. */
  #expire(tag: string, queue: Queue): void {
    const now = this.#parts.host.now();
    for (const position of [...queue.positions]) {
      const header = this.#parts.log.header(position);
      if (header === undefined || endOf(header) <= now) this.#end(tag, queue, position, false);
    }
  }

  #end(tag: string, queue: Queue, position: number, isTaken: boolean): void {
    queue.positions.splice(queue.positions.indexOf(position), 1);
    if (queue.positions.length === 0 && this.#queues.get(tag) === queue) this.#queues.delete(tag);
    this.#onEnd(position, tag, isTaken);
  }
}

/** Until when a broadcast is of use to another tag, milliseconds since 1970. */
const endOf = ({ seq, expiresAt }: Pick<LogEntry, "seq" | "expiresAt">): number =>
  isNowOrNever(seq) ? seqTimeMs(seq) + LIMITS.NOW_MS : expiresAt;
