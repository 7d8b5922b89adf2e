/**
 * Objects of one kind in the process that holds them all: found by name, one of a name at a time; idle ones leave memory.
 *
 * One that has left remains the object of its name while anybody holds a reference: two objects of one name would each write
 * from their own memory, and one would remove what the other had stored (H7).
 */

export interface Pooled {
  readonly name: string;
  /**
   * Leaves memory if there is nothing to do.
   *
   * @returns false if there is, or if it was used after `idleSince`, by `Mesh.sweeps`
   */
  sleep(idleSince: number): boolean;
  /** Whether it must stay findable while it sleeps. Default: no. */
  readonly isNeeded?: boolean;
}

export class Pool<Item extends Pooled> {
  readonly #make: (name: string, woke: () => void) => Item;
  readonly #known = new Map<string, Item>();
  /** Those that have left and may still be referenced. */
  readonly #left = new Map<string, WeakRef<Item>>();
  /** Called with the name of one that is no longer referenced. */
  readonly #gone = new FinalizationRegistry<string>((name) => {
    // Unless it was known again meanwhile, and another one has left since.
    if (this.#left.get(name)?.deref() === undefined) this.#left.delete(name);
  });
  readonly #awake = new Set<Item>();

  /** @param make creates the object of a name, which calls `woke` when it has something to do */
  constructor(make: (name: string, woke: () => void) => Item) {
    this.#make = make;
  }

  get(name: string): Item {
    let item = this.#known.get(name);
    if (item === undefined) {
      item = this.#left.get(name)?.deref() ?? this.#new(name);
      this.#left.delete(name);
      this.#known.set(name, item);
    }
    return item;
  }

  isAwake(name: string): boolean {
    const item = this.#known.get(name);
    return item !== undefined && this.#awake.has(item);
  }

  /** It has something to do from now on. */
  woke(item: Item): void {
    this.#left.delete(item.name);
    this.#known.set(item.name, item);
    this.#awake.add(item);
  }

  /** Those in memory. */
  get awake(): readonly Item[] {
    return [...this.#awake];
  }

  get counts(): { readonly awake: number; readonly known: number } {
    return { awake: this.#awake.size, known: this.#known.size };
  }

  /** How many have left and may still be referenced: for tests. */
  get left(): number {
    return this.#left.size;
  }

  /** @returns how many went to sleep */
  sweep(idleSince: number): number {
    let slept = 0;
    for (const item of this.#awake) {
      if (!item.sleep(idleSince)) continue;
      this.#awake.delete(item);
      slept++;
      if (item.isNeeded === true) continue;
      this.#known.delete(item.name);
      this.#left.set(item.name, new WeakRef(item));
      this.#gone.register(item, item.name);
    }
    return slept;
  }

  #new(name: string): Item {
    const item = this.#make(name, () => this.woke(item));
    return item;
  }
}
