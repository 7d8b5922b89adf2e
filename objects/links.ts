/**
 * The devices that hold a link in this process. Only a host whose process is the whole mesh may read it
 * (hosts/workerd: admission and a clean stop); on Workers each isolate sees its own part, and nobody asks.
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
