/**
 * How long sends wait for their device. Thousands a second begin to wait and hardly one waits to its end, so that all
 * share one timer: one each would take 5 µs of a send.
 */
import type { Timer } from "../../../objects/runtime.ts";

/** How often ends are looked for: one comes up to so much earlier than it was set for, as "at most" asks. */
const TICK_MS = 100;

export class Wait implements Timer {
  readonly tick: number;
  readonly end: () => void;
  readonly #waits: Waits;

  constructor(waits: Waits, tick: number, end: () => void) {
    this.#waits = waits;
    this.tick = tick;
    this.end = end;
  }

  cancel(): void {
    this.#waits.cancel(this);
  }
}

export class Waits {
  /** By the tick at which they end. */
  readonly #waits = new Map<number, Set<Wait>>();
  readonly #report: (error: unknown) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param report told what an `end` throws */
  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  /**
   * Begins to wait.
   *
   * @param ms at most, and up to TICK_MS less; a wait of less than that is one of TICK_MS at the most
   * @param end called then, unless it is cancelled before
   */
  begin(ms: number, end: () => void): Wait {
    const wait = new Wait(this, Math.floor((performance.now() + ms) / TICK_MS), end);
    const others = this.#waits.get(wait.tick);
    if (others === undefined) this.#waits.set(wait.tick, new Set([wait]));
    else others.add(wait);
    this.#expectTick();
    return wait;
  }

  cancel(wait: Wait): void {
    this.#waits.get(wait.tick)?.delete(wait);
  }

  /** Ends nothing any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#waits.clear();
  }

  #end({ end }: Wait): void {
    try {
      end();
    } catch (error) {
      this.#report(error);
    }
  }

  /** Looks right after the next tick: later would be more than was asked for. */
  #expectTick(): void {
    const toTick = TICK_MS - (performance.now() % TICK_MS);
    this.#timer ??= setTimeout(() => this.#look(), Math.ceil(toTick));
  }

  #look(): void {
    this.#timer = undefined;
    // Timers come up to a millisecond early.
    const now = (performance.now() + 1) / TICK_MS;
    for (const [tick, waits] of this.#waits) {
      if (tick > now) continue;
      this.#waits.delete(tick);
      for (const wait of waits) this.#end(wait);
    }
    if (this.#waits.size > 0) this.#expectTick();
  }
}
