/** Lets through so many devices a second. */
import type { TagHost } from "../host.ts";

export class Pacer {
  readonly #host: Pick<TagHost, "now" | "sleep">;
  #gapMs = 0;
  #next: number;

  /** @param pace devices a second; null for any number */
  constructor(host: Pick<TagHost, "now" | "sleep">, pace: number | null) {
    this.#host = host;
    this.pace = pace;
    this.#next = host.now();
  }

  /** From the next device but one on: the next has its moment already. */
  set pace(pace: number | null) {
    this.#gapMs = pace === null ? 0 : 1_000 / pace;
  }

  /** Resolves when the next device may be called; false where that would be at `end` or later. */
  async admit(end: number): Promise<boolean> {
    if (this.#gapMs === 0) return true;
    const now = this.#host.now();
    // What was missed is not caught up on: a pause must not end in a burst. Nor is a clock that was set back waited for.
    this.#next = Math.min(Math.max(this.#next, now - 1_000), now + this.#gapMs);
    if (this.#next >= end) return false;
    if (this.#next > now) await this.#host.sleep(this.#next - now);
    this.#next += this.#gapMs;
    return true;
  }
}
