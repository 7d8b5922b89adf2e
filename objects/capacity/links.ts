/**
 * The devices that hold a link in this process. Only a host whose process is the whole mesh may read them (workerd on one machine, for
 * admission and a clean stop); on Workers each isolate knows a part of them, and nobody asks.
 */
const names = new Set<string>();

export const links = {
  add(name: string): void {
    names.add(name);
  },
  delete(name: string): void {
    names.delete(name);
  },
  has(name: string): boolean {
    return names.has(name);
  },
  names(): Iterable<string> {
    return names;
  },
  get size(): number {
    return names.size;
  },
};

const counts = new Map<string, number>();
let sum = 0;

/** Live listeners of this process, counted by the name of their live node. They count toward MAX_LINKS as links do. */
export const listeners = {
  set(node: string, count: number): void {
    sum += count - (counts.get(node) ?? 0);
    if (count === 0) counts.delete(node);
    else counts.set(node, count);
  },
  names(): Iterable<string> {
    return counts.keys();
  },
  get size(): number {
    return sum;
  },
};
