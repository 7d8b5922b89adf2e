/** Objects of one kind in the process that holds them all: found by name, one of a name at a time; idle ones leave memory. */

export interface Pooled {
  readonly name: string;
  /**
   * Leaves memory if there is nothing to do.
   *
   * @returns false where there is, or it was used after `idleSince`, by `Mesh.sweeps`
   */
  sleep(idleSince: number): boolean;
  /** Whether it must stay findable though it sleeps. */
  readonly isNeeded: boolean;
}

export class Pool<Item extends Pooled> {
  readonly #make: (name: string) => Item;
  readonly #known = new Map<string, Item>();
  readonly #awake = new Set<Item>();

  constructor(make: (name: string) => Item) {
    this.#make = make;
  }

  get(name: string): Item {
    let item = this.#known.get(name);
    if (item === undefined) {
      item = this.#make(name);
      this.#known.set(name, item);
    }
    return item;
  }

  /** It has something to do from now on. */
  woke(item: Item): void {
    this.#awake.add(item);
  }

  /** Those in memory. */
  get awake(): readonly Item[] {
    return [...this.#awake];
  }

  get counts(): { readonly awake: number; readonly known: number } {
    return { awake: this.#awake.size, known: this.#known.size };
  }

  /** @returns how many went to sleep */
  sweep(idleSince: number): number {
    let slept = 0;
    for (const item of this.#awake) {
      if (!item.sleep(idleSince)) continue;
      this.#awake.delete(item);
      slept++;
      if (!item.isNeeded) this.#known.delete(item.name);
    }
    return slept;
  }
}
