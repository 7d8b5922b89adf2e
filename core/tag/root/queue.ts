/**
 * The broadcasts that a tag has accepted and not served yet. They are called one after another, the most urgent first. A more
 * urgent one interrupts those under way. While the last members of one answer, the next is called.
 */
import { backoffMs } from "../../backoff.ts";
import { SingleFlight } from "../../single-flight.ts";
import type { LogEntry } from "../calls/broadcast.ts";
import type { TagHost } from "../host.ts";
import type { Log } from "../log/log.ts";
import type { LogHeader } from "../store.ts";
import type { Job } from "./job.ts";

interface BroadcastQueueParts {
  readonly host: TagHost;
  readonly log: Log;
  /** Position of the last broadcast that may be served. */
  readonly durableHead: () => number;
  readonly makeJob: (entry: LogEntry) => Job;
  /** Waits for the answers to a broadcast whose members were all called, and writes its outcome. */
  readonly settle: (job: Job) => Promise<void>;
}

interface Running {
  readonly job: Job;
  /** Resolves when all members were called, or calling them failed; null from then on. */
  calling: Promise<void> | null;
  /** Resolves when the outcome is written. */
  ended: Promise<void>;
}

/** Less urgent than every priority. */
const ALL = 4;

export class BroadcastQueue {
  readonly #parts: BroadcastQueueParts;
  /** By position. More than one if a more urgent one interrupted another, or answers are waited for. */
  readonly #running = new Map<number, Running>();
  readonly #serving = new SingleFlight();
  /** Failures in a row. */
  #failures = 0;
  /** Tells `#serveUntilEmpty` that a broadcast was added. */
  #onAdded: () => void = () => {};
  /** Why a broadcast could not be settled in this run; null if none failed. */
  #failure: { readonly error: unknown } | null = null;

  constructor(parts: BroadcastQueueParts) {
    this.#parts = parts;
  }

  get isBusy(): boolean {
    return this.#serving.isRunning;
  }

  /** Broadcasts that were not started. */
  get waiting(): number {
    return this.#parts.log.unserved.filter(({ position }) => !this.#running.has(position)).length;
  }

  /** Undefined for a broadcast that waits, or has been served. */
  job(position: number): Job | undefined {
    return this.#running.get(position)?.job;
  }

  /** A broadcast is in the log, durably. */
  added(): void {
    this.#onAdded();
    this.#interrupt().catch(this.#parts.host.reportError);
  }

  /** Serves until nothing waits. A failure sets the alarm; rejects only if that fails, too. */
  async run(): Promise<void> {
    const serve = () => this.#serving.run(() => this.#serveUntilEmpty());
    const { isRunning } = this.#serving;
    await serve();
    // That run may have looked for the last time before something was added. One that failed has set the alarm.
    if (isRunning && this.#failure === null) await serve();
  }

  async #serveUntilEmpty(): Promise<void> {
    this.#failure = null;
    try {
      for (;;) {
        await this.#serveBelow(ALL);
        this.#failures = 0;
        if (this.#running.size === 0) return;
        const added = new Promise<void>((resolve) => {
          this.#onAdded = resolve;
        });
        const ends = [...this.#running.values()].map(({ calling, ended }) => calling ?? ended);
        await Promise.race([...ends, added]);
      }
    } catch (error) {
      this.#retryLater(error);
    }
  }

  #retryLater(error: unknown): void {
    const { host } = this.#parts;
    host.reportError(error);
    host.setAlarm(host.now() + backoffMs(++this.#failures, host.random()));
  }

  /** Starts what is more urgent than everything under way. Otherwise it would wait for the end of a slice. */
  async #interrupt(): Promise<void> {
    const calling = [...this.#running.values()].filter((each) => each.calling !== null);
    if (calling.length === 0) return;
    try {
      await this.#serveBelow(Math.min(...calling.map(({ job }) => job.entry.lane)));
    } catch (error) {
      this.#retryLater(error);
    }
  }

  /** Serves what is more urgent than a priority, and waits for what is being called already. */
  async #serveUrgent(priority: number): Promise<void> {
    await this.#serveBelow(priority);
    const others = [...this.#running.values()].filter(({ job }) => job.entry.lane < priority);
    await Promise.all(others.map(({ calling }) => calling));
  }

  /** Serves everything with a number below this one: the lower, the more urgent. */
  async #serveBelow(priority: number): Promise<void> {
    for (;;) {
      // It is unserved still: without a row written it would be served again at once, and again.
      if (this.#failure !== null) throw this.#failure.error;
      const next = this.#next(priority);
      if (next === undefined) return;
      await this.#serve(next);
    }
  }

  /** The most urgent one that waits; the oldest of those. */
  #next(below: number): LogHeader | undefined {
    const { log, durableHead } = this.#parts;
    let next: LogHeader | undefined;
    for (const header of log.unserved) {
      if (header.position > durableHead()) break;
      if (header.lane >= below || this.#running.has(header.position)) continue;
      if (next === undefined || header.lane < next.lane) next = header;
    }
    return next;
  }

  /** Resolves when all members were called. */
  async #serve({ position, lane }: LogHeader): Promise<void> {
    const { host, log, makeJob } = this.#parts;
    const entry = log.entry(position);
    if (entry === undefined) throw new Error(`cannot read the log's entry ${position}`);
    const job = makeJob(entry);
    const running: Running = { job, calling: null, ended: Promise.resolve() };
    this.#running.set(position, running);
    const calling = job.call(() => this.#serveUrgent(lane).catch(host.reportError));
    running.calling = calling.catch(() => {});
    try {
      await calling;
    } catch (error) {
      this.#running.delete(position);
      throw error;
    } finally {
      running.calling = null;
    }
    running.ended = this.#settle(job);
    // `#serveUntilEmpty` handles it, but may not be waiting yet.
    running.ended.catch(() => {});
  }

  async #settle(job: Job): Promise<void> {
    try {
      await this.#parts.settle(job);
    } catch (error) {
      this.#failure ??= { error };
      throw error;
    } finally {
      this.#running.delete(job.entry.position);
    }
  }
}
