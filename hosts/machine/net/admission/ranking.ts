/** Which of many things counts most, told without a look at all of them. */
export class Ranking<Item> {
  readonly #byCount = new Map<number, Set<Item>>();
  /** The counts that something has, the least first: things that count n in all have at most √(2n) of them. */
  readonly #counts: number[] = [];

  /** @param count none of its own is kept: whatever changes is removed, and added anew */
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

  /** The one that counts most and, of those, has for longest; null where there is none but the one to skip. */
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
