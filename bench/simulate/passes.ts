/** How long one node takes for its own members: drawn from passes that the core's own node made in simulated time. */
import type { Profile } from "./profile.ts";
import { mix, type Random } from "./random.ts";
import { type Measured, World } from "./world.ts";

/** Passes made for one number of members, unless told; a tree of more nodes draws them again and again. */
const SAMPLES = 12;
/** Numbers of members that differ by less are one number. */
const STEP = 1.1;

export class Passes {
  readonly #profile: Profile;
  readonly #seed: number;
  readonly #samples: number;
  readonly #made = new Map<number, readonly Measured[]>();

  /** @param samples passes made for one number of members */
  constructor(profile: Profile, seed: number, samples: number = SAMPLES) {
    this.#profile = profile;
    this.#seed = seed;
    this.#samples = samples;
  }

  /** @param members that are attached, above 0 */
  async draw(members: number, random: Random): Promise<Measured> {
    const size = Math.round(STEP ** Math.round(Math.log(members) / Math.log(STEP)));
    let made = this.#made.get(size);
    if (made === undefined) {
      made = await this.#make(size);
      this.#made.set(size, made);
    }
    const drawn = made[Math.floor(random.uniform() * made.length)];
    if (drawn === undefined) throw new Error("no pass was made");
    return drawn;
  }

  async #make(members: number): Promise<Measured[]> {
    const made: Measured[] = [];
    for (let n = 0; n < this.#samples; n++) {
      const world = new World(this.#profile, mix(this.#seed, members * SAMPLES + n));
      // Where nodes share the limiter of calls, the ones before have opened it.
      if (this.#profile.oneThread) await world.pass("0", members);
      made.push(await world.pass("1", members));
    }
    return made;
  }
}
