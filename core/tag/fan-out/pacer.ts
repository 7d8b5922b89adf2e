/** Limits how many devices a second a fan-out calls. */
import type { TagHost } from "../host.ts";

export class Pacer {
  readonly #host: Pick<TagHost, "now" | "sleep">;
  #gapMs = 0;
  #next: number;

  /** @param pace devices a second; null for no limit */
  constructor(host: Pick<TagHost, "now" | "sleep">, pace: number | null) {
    this.#host = host;
    this.pace = pace;
    this.#next = host.now();
  }

  /** Takes effect from the second device on: the time of the next is set. */
  set pace(pace: number | null) {
    this.#gapMs = pace === null ? 0 : 1_000 / pace;
  }

  /** Resolves when the next device may be called; to false if that is not before `end`. */
  async admit(end: number): Promise<boolean> {
    if (this.#gapMs === 0) return true;
    const now = this.#host.now();
    // At most 1 s of unused time is made up for, so that a pause does not end in a burst. If the clock was set back, the wait is one gap.
    this.#next = Math.min(Math.max(this.#next, now - 1_000), now + this.#gapMs);
    if (this.#next >= end) return false;
    if (this.#next > now) await this.#host.sleep(this.#next - now);
    this.#next += this.#gapMs;
    return true;
  }
}
