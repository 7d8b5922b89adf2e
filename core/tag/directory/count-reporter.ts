/** Reports changed counts with a delay, once for all changes until then. The alarm makes it survive restarts. */
import { LIMITS } from "../../../schema/limits.ts";
import { BACKOFF_MAX_MS, backoffMs } from "../../backoff.ts";
import type { TagHost } from "../host.ts";

/** No report is due later than this, unless the clock was set back. */
const LONGEST_MS = LIMITS.COUNT_DELAY_MS + BACKOFF_MAX_MS;

export class CountReporter {
  readonly #host: TagHost;
  readonly #tell: () => Promise<void>;
  /** The last report; rejects only if the alarm could not be set. */
  #reporting: Promise<void> = Promise.resolve();
  #dueAt: number | null = null;
  /** Failed reports in a row. */
  #failures = 0;
  /** After a start, the first alarm may be for a change from before. */
  #isFresh = true;

  constructor(host: TagHost, tell: () => Promise<void>) {
    this.#host = host;
    this.#tell = tell;
  }

  /** Whether there are changes that were not reported. */
  get isScheduled(): boolean {
    return this.#dueAt !== null;
  }

  /** A count changed. */
  schedule(): void {
    if (this.#dueAt !== null) return;
    // If a directory is overloaded, its tags must not all retry at the same time.
    const backoff = this.#failures === 0 ? 0 : backoffMs(this.#failures, this.#host.random());
    this.#dueAt = this.#host.now() + LIMITS.COUNT_DELAY_MS + backoff;
    this.#host.setAlarm(this.#dueAt);
  }

  async alarm(): Promise<void> {
    const inMs = (this.#dueAt ?? Number.POSITIVE_INFINITY) - this.#host.now();
    // Also if the clock was set back: no report is due later than `LONGEST_MS`.
    const isDue = this.#isFresh || inMs <= 0 || (inMs > LONGEST_MS && this.#dueAt !== null);
    if (!isDue) {
      // The alarm was for something else, and replaced ours.
      if (this.#dueAt !== null) this.#host.setAlarm(this.#dueAt);
      // The alarm stays set while a report is under way, or a kill would lose it.
      return this.#reporting;
    }
    this.#isFresh = false;
    this.#dueAt = null;
    this.#reporting = this.#report(this.#reporting);
    return this.#reporting;
  }

  /** @param before one report at a time */
  async #report(before: Promise<void>): Promise<void> {
    await before.catch(() => {});
    try {
      await this.#tell();
      this.#failures = 0;
    } catch (error) {
      this.#failures++;
      this.#host.reportError(error);
      this.schedule();
    }
  }
}
