/**
 * Room for alarms of objects that sleep, where a process has descriptors for so many only. workerd opens the database of each whose alarm
 * is due before any code of ours runs: 600 that came in one second, of devices whose messages expired, took all descriptors of a process
 * that had 300 and ended it, and every one that was started after it. So no more are set for one time than may be awake at once, and
 * the next ones come later. What expires does so exactly all the same, and whatever is due is done when an object is asked, too.
 */

import { countOf } from "../count.ts";
import { AWAKE_MS } from "./awake.ts";
import { LEAST, SHARE } from "./call-room.ts";

/** How many alarms of objects that sleep may be due within `AWAKE_MS`. */
export const alarmsFor = (maxLinks: number): number =>
  Math.max(LEAST, Math.floor(maxLinks * SHARE));

/** The stretch of `AWAKE_MS` that a time is in. */
const stretchOf = (at: number): number => Math.floor(at / AWAKE_MS);

/**
 * Finds the time of one more alarm, and counts it.
 *
 * @param counts how many alarms come in each stretch of `AWAKE_MS`
 * @param most of one stretch
 * @param at when it is due
 * @param from a stretch before which all are known to be full, from that of `at` on
 * @returns `at`, or a time in the first stretch after it that has room
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

export class AlarmRoom {
  readonly #most: number;
  readonly #now: () => number;
  /** How many come in each stretch of `AWAKE_MS` that is ahead: 600,000 stretches are 90 days, the longest that any is set for. */
  readonly #counts = new Map<number, number>();
  #pruned = 0;

  constructor(maxLinks: number, now: () => number) {
    this.#most = alarmsFor(maxLinks);
    this.#now = now;
  }

  /**
   * Finds the time of an alarm.
   *
   * @param at when it is due
   * @param standing when the object's alarm comes that was to come until now; null for none
   * @returns `at`, or later where too many come then
   */
  take(at: number, standing: number | null): number {
    const now = this.#now();
    // It is awake until then.
    if (at <= now + AWAKE_MS) return at;
    this.#prune(stretchOf(now));
    const held = standing === null ? null : stretchOf(standing);
    if (held !== null) this.#leave(held);
    const time = placeAlarm(this.#counts, this.#most, at);
    return time !== at && standing !== null && stretchOf(time) === held ? standing : time;
  }

  #leave(stretch: number): void {
    const count = this.#counts.get(stretch) ?? 0;
    // One that was set before this process was started is not counted.
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

/** Of this process. */
let room: AlarmRoom | null = null;

/**
 * @param setting MAX_LINKS; undefined where the platform bounds what is awake
 * @param at as of `AlarmRoom.take`, as is `standing`
 */
export function alarmTime(
  setting: string | undefined,
  at: number,
  standing: number | null,
): number {
  const maxLinks = countOf(setting);
  if (maxLinks === undefined) return at;
  room ??= new AlarmRoom(maxLinks, () => Date.now());
  return room.take(at, standing);
}
