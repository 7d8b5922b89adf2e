/**
 * The epoch of the latest command (a join, a leave, a set) carried out for each device: a command with a lower epoch arrives late and
 * must change nothing. Kept in memory for as long as a command may be late; after that its `until` refuses it.
 */
import { BoundedMap } from "../../schema/bounded-map.ts";
import { LIMITS } from "../../schema/limits.ts";

interface Latest {
  readonly epoch: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export class LatestEpochs {
  readonly #byDevice: BoundedMap<string, Latest>;

  /** @param limit number of devices remembered */
  constructor(limit: number) {
    this.#byDevice = new BoundedMap(limit);
  }

  /** Records a command that was carried out. A lower epoch does not replace a higher one. */
  add(device: string, epoch: number, now: number): void {
    this.#byDevice.set(device, { epoch: Math.max(epoch, this.of(device, now)), at: now });
    this.#byDevice.dropOldestWhile((latest) => !isRecent(latest, now));
  }

  /** The epoch of the latest command for a device; 0 for none. */
  of(device: string, now: number): number {
    const latest = this.#byDevice.get(device);
    return latest !== undefined && isRecent(latest, now) ? latest.epoch : 0;
  }
}

/** False for a command from the future: the clock was set back since. */
const isRecent = ({ at }: Latest, now: number): boolean =>
  now >= at && now - at <= LIMITS.JOIN_LATE_MS;
