/** Remembers tags that had listeners: they exist, so strangers who ask for made-up tags must not lock out their listeners. */
import { BoundedMap } from "../../../schema/bounded-map.ts";
import { AwakeObjects } from "./awake.ts";

/** Maximum number of remembered paths, and their length: 1 MB. The path that was listened to longest ago is evicted first. */
const PATH_COUNT = 1_000;
const PATH_CHARS = 1_024;

export class ListenedTags {
  readonly #most: number;
  readonly #paths = new BoundedMap<string, true>(PATH_COUNT);
  /** Tags admitted although strangers had no room. */
  readonly #awake: AwakeObjects;

  /**
   * @param most how many of their objects may be awake beyond the room of strangers
   * @param now monotonic milliseconds
   */
  constructor(most: number, now: () => number) {
    this.#most = most;
    this.#awake = new AwakeObjects(now);
  }

  /** To be called when a listener was admitted. */
  add(path: string): void {
    if (path.length <= PATH_CHARS) this.#paths.set(path, true);
  }

  /** Whether its object is awake and counted here. */
  isAwake(path: string): boolean {
    return this.#awake.has(path) && this.admits(path);
  }

  /** Whether to admit a request for the tag although strangers have no room. */
  admits(path: string): boolean {
    if (!this.#paths.has(path)) return false;
    if (!this.#awake.has(path) && this.#awake.size >= this.#most) return false;
    this.#awake.add(path, "");
    return true;
  }
}
