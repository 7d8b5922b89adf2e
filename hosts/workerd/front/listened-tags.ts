/** Tags that somebody was let listen to: they are real, and few, and strangers who make up others do not shut out their pages. */
import { BoundedMap } from "../../../schema/bounded-map.ts";
import { AwakeObjects } from "./awake.ts";

/** So many paths, so long at the most, are remembered: 1 MB. Those that were listened to longest ago go first. */
const PATHS = 1_000;
const PATH_CHARS = 1_024;

export class ListenedTags {
  readonly #most: number;
  readonly #paths = new BoundedMap<string, true>(PATHS);
  /** Of those that were let in where strangers had no room. */
  readonly #awake: AwakeObjects;

  /**
   * @param most objects of theirs that may be awake where strangers have no room
   * @param now milliseconds that only rise
   */
  constructor(most: number, now: () => number) {
    this.#most = most;
    this.#awake = new AwakeObjects(now);
  }

  /** A listener was let in. */
  add(path: string): void {
    if (path.length <= PATH_CHARS) this.#paths.set(path, true);
  }

  /** Whether it was let in just now. */
  isAwake(path: string): boolean {
    return this.#awake.has(path) && this.admits(path);
  }

  /** Whether a request for it is let in where strangers have no room. */
  admits(path: string): boolean {
    if (!this.#paths.has(path)) return false;
    if (!this.#awake.has(path) && this.#awake.size >= this.#most) return false;
    this.#awake.add(path, "");
    return true;
  }
}
