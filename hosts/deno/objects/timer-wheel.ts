/**
 * The timers of all objects. Thousands of sends a second set one and cancel it when their device acknowledges, so they share a single timer
 * of the runtime: one each would cost 5 µs of a send.
 */
import type { Timer } from "../../../objects/runtime.ts";

/** How often the wheel looks for timers that have run out. A timer fires up to this much early, never late: callers wait "at most". */
const TICK_MS = 100;

export class WheelTimer implements Timer {
  readonly tick: number;
  readonly onEnd: () => void;
  readonly #wheel: TimerWheel;

  constructor(wheel: TimerWheel, tick: number, onEnd: () => void) {
    this.#wheel = wheel;
    this.tick = tick;
    this.onEnd = onEnd;
  }

  cancel(): void {
    this.#wheel.cancel(this);
  }
}

export class TimerWheel {
  /** Timers by the tick at which they fire. */
  readonly #ticks = new Map<number, Set<WheelTimer>>();
  readonly #report: (error: unknown) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param report called with whatever an `onEnd` throws */
  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  /**
   * Starts a timer.
   *
   * @param ms delay; the timer fires up to TICK_MS earlier. A shorter delay counts as one tick at most
   * @param onEnd called once, unless the timer is cancelled first
   */
  start(ms: number, onEnd: () => void): WheelTimer {
    const timer = new WheelTimer(this, Math.floor((performance.now() + ms) / TICK_MS), onEnd);
    const others = this.#ticks.get(timer.tick);
    if (others === undefined) this.#ticks.set(timer.tick, new Set([timer]));
    else others.add(timer);
    this.#expectTick();
    return timer;
  }

  cancel(timer: WheelTimer): void {
    this.#ticks.get(timer.tick)?.delete(timer);
  }

  /** Drops all timers; none of them fires. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#ticks.clear();
  }

  #fire({ onEnd }: WheelTimer): void {
    try {
      onEnd();
    } catch (error) {
      this.#report(error);
    }
  }

  /** Looks right after the next tick: any later, and a timer would fire late. */
  #expectTick(): void {
    const toTick = TICK_MS - (performance.now() % TICK_MS);
    this.#timer ??= setTimeout(() => this.#look(), Math.ceil(toTick));
  }

  #look(): void {
    this.#timer = undefined;
    // The runtime's timers fire up to a millisecond early.
    const now = (performance.now() + 1) / TICK_MS;
    for (const [tick, timers] of this.#ticks) {
      if (tick > now) continue;
      this.#ticks.delete(tick);
      for (const timer of timers) this.#fire(timer);
    }
    if (this.#ticks.size > 0) this.#expectTick();
  }
}
