/**
 * Spreads alarms of sleeping objects on a host with a limited number of file descriptors. workerd opens the database of each object whose
 * alarm is due before any code of ours runs: 600 alarms that were due in the same second, of devices whose messages expired, took all
 * descriptors of a process that had 300 and killed it, and every process that was started after it. So no more alarms are set for one time
 * than objects may be awake at once, and the others are set for later. Messages still expire on time, and when an object is called it does
 * whatever is due.
 */
import { countOf } from "../bindings.ts";
import { AWAKE_MS } from "./awake.ts";
import { MIN_AWAKE, SHARE } from "./wake-limiter.ts";

/** How many alarms of sleeping objects may be due within `AWAKE_MS`. */
export const alarmsAtOnce = (maxLinks: number): number =>
  Math.max(MIN_AWAKE, Math.floor(maxLinks * SHARE));

/** Time is counted in stretches of `AWAKE_MS`. */
const stretchOf = (at: number): number => Math.floor(at / AWAKE_MS);

/**
 * Finds the time of one more alarm, and counts it.
 *
 * @param counts alarms due in each stretch
 * @param most alarms of one stretch
 * @param at when it is due
 * @param from a stretch, if all from that of `at` up to it are known to be full
 * @returns `at`, or a time in the first later stretch that is not full
 */
export function placeAlarm(
  counts: Map<number, number>,
  most: number,
  at: number,
  from = Number.NEGATIVE_INFINITY,
): number {
  const first = stretchOf(at);
  let stretch = Math.max(first, from);
  while ((counts.get(stretch) ?? 0) >= most) stretch++;
  const count = counts.get(stretch) ?? 0;
  counts.set(stretch, count + 1);
  return stretch === first ? at : Math.floor((stretch + count / most) * AWAKE_MS);
}

export class AlarmSpreader {
  readonly #most: number;
  readonly #now: () => number;
  /** Alarms due in each coming stretch: 600,000 stretches are 90 days, the longest that any alarm is set for. */
  readonly #counts = new Map<number, number>();
  #pruned = 0;

  constructor(maxLinks: number, now: () => number) {
    this.#most = alarmsAtOnce(maxLinks);
    this.#now = now;
  }

  /**
   * Finds the time of an alarm.
   *
   * @param at when it is due
   * @param standing when the alarm of the same object is set for until now; null for none
   * @returns `at`, or later if too many are due then
   */
  take(at: number, standing: number | null): number {
    const now = this.#now();
    // The object will still be awake.
    if (at <= now + AWAKE_MS) return at;
    this.#prune(stretchOf(now));
    const held = standing === null ? null : stretchOf(standing);
    if (held !== null) this.#leave(held);
    const time = placeAlarm(this.#counts, this.#most, at);
    return time !== at && standing !== null && stretchOf(time) === held ? standing : time;
  }

  #leave(stretch: number): void {
    const count = this.#counts.get(stretch) ?? 0;
    // An alarm set before this process started was never counted.
    if (count <= 1) this.#counts.delete(stretch);
    else this.#counts.set(stretch, count - 1);
  }

  #prune(current: number): void {
    if (current === this.#pruned) return;
    this.#pruned = current;
    for (const stretch of this.#counts.keys()) {
      if (stretch < current) this.#counts.delete(stretch);
    }
  }
}

/** Shared by all objects of this process. */
let spreader: AlarmSpreader | null = null;

/**
 * Finds the time of an alarm among those of this process.
 *
 * @param setting MAX_LINKS; undefined if the platform bounds how many objects are awake
 * @param at as of `AlarmSpreader.take`, like `standing`
 */
export function alarmTime(
  setting: string | undefined,
  at: number,
  standing: number | null,
): number {
  const maxLinks = countOf(setting);
  if (maxLinks === undefined) return at;
  spreader ??= new AlarmSpreader(maxLinks, () => Date.now());
  return spreader.take(at, standing);
}
