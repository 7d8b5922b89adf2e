/**
 * Room for alarms of objects that sleep, where a process has descriptors for so many only. workerd opens the database of each whose alarm
 * is due before any code of ours runs: 600 that came in one second, of devices whose messages expired, took all descriptors of a process
 * that had 300 and ended it, and every one that was started after it. So no more are set for one time than may be awake at once, and
 * the next ones come later. What expires does so exactly all the same, and whatever is due is done when an object is asked, too.
 */
import { AWAKE_MS } from "./awake.ts";
import { LEAST, SHARE } from "./call-room.ts";
import { countOf } from "./count.ts";

/** How many alarms of objects that sleep may be due within `AWAKE_MS`. */
export const alarmsFor = (maxLinks: number): number =>
  Math.max(LEAST, Math.floor(maxLinks * SHARE));

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
    this.#prune(Math.floor(now / AWAKE_MS));
    const held = standing === null ? null : Math.floor(standing / AWAKE_MS);
    if (held !== null) this.#add(held, -1);
    const first = Math.floor(at / AWAKE_MS);
    let stretch = first;
    while (this.#countOf(stretch) >= this.#most) stretch++;
    const count = this.#add(stretch, 1);
    if (stretch === first) return at;
    if (stretch === held && standing !== null) return standing;
    return Math.floor((stretch + (count - 1) / this.#most) * AWAKE_MS);
  }

  #countOf(stretch: number): number {
    return this.#counts.get(stretch) ?? 0;
  }

  #add(stretch: number, by: number): number {
    const count = this.#countOf(stretch) + by;
    // It was set before this process was started.
    if (count <= 0) this.#counts.delete(stretch);
    else this.#counts.set(stretch, count);
    return count;
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
