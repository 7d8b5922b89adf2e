/** Tells what changed some time later, once for all that changed meanwhile; also over a restart, for the alarm lasts. */
import { LIMITS } from "../../../schema/limits.ts";
import { BACKOFF_MAX_MS, backoffMs } from "../../backoff.ts";
import type { TagHost } from "../host.ts";

/** No report is due later, unless the clock was set back. */
const LONGEST_MS = LIMITS.COUNT_DELAY_MS + BACKOFF_MAX_MS;

export class CountReporter {
  readonly #host: TagHost;
  readonly #tell: () => Promise<void>;
  #dueAt: number | null = null;
  /** Reports in a row that failed. */
  #failures = 0;
  /** After a start, an alarm that comes may be for something that changed before. */
  #isFresh = true;

  constructor(host: TagHost, tell: () => Promise<void>) {
    this.#host = host;
    this.#tell = tell;
  }

  /** Whether something changed that is not told yet. */
  get isScheduled(): boolean {
    return this.#dueAt !== null;
  }

  /** Something changed. */
  schedule(): void {
    if (this.#dueAt !== null) return;
    // Tags whose directory is overloaded do not come back to it together.
    const backoff = this.#failures === 0 ? 0 : backoffMs(this.#failures, this.#host.random());
    this.#dueAt = this.#host.now() + LIMITS.COUNT_DELAY_MS + backoff;
    this.#host.setAlarm(this.#dueAt);
  }

  async alarm(): Promise<void> {
    const inMs = (this.#dueAt ?? Number.POSITIVE_INFINITY) - this.#host.now();
    // Also where the clock was set back: it is never due later than that.
    const isDue = this.#isFresh || inMs <= 0 || (inMs > LONGEST_MS && this.#dueAt !== null);
    if (!isDue) {
      // It came for something else, and took the place of ours.
      if (this.#dueAt !== null) this.#host.setAlarm(this.#dueAt);
      return;
    }
    this.#isFresh = false;
    this.#dueAt = null;
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
