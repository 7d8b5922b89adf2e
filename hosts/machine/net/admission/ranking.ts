/** Finds the item with the highest count without a scan of all items. */
export class Ranking<Item> {
  readonly #byCount = new Map<number, Set<Item>>();
  /** The distinct counts, ascending: at most √(2n) for items with a total count of n. */
  readonly #counts: number[] = [];

  /** @param count is not stored with the item: to change it, remove the item and add it again */
  add(item: Item, count: number): void {
    const items = this.#byCount.get(count);
    if (items !== undefined) items.add(item);
    else {
      this.#byCount.set(count, new Set([item]));
      this.#counts.splice(this.#placeOf(count), 0, count);
    }
  }

  remove(item: Item, count: number): void {
    const items = this.#byCount.get(count);
    if (items?.delete(item) !== true || items.size > 0) return;
    this.#byCount.delete(count);
    this.#counts.splice(this.#placeOf(count), 1);
  }

  /** The item with the highest count, and of several the one that has had it longest; null if there is none but `skipped`. */
  largest(skipped: Item | null): Item | null {
    for (let i = this.#counts.length - 1; i >= 0; i--)
      for (const item of this.#byCount.get(this.#counts[i] ?? 0) ?? [])
        if (item !== skipped) return item;
    return null;
  }

  #placeOf(count: number): number {
    let [from, to] = [0, this.#counts.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((this.#counts[middle] ?? 0) < count) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
