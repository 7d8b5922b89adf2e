/** Rows read as SQLite itself counts them, of every object of this isolate: an object that wakes reads before a test can look into it. */
import { runInDurableObject } from "cloudflare:test";

interface Cursor {
  readonly rowsRead: number;
}

/**
 * Counts from now on; the result reads what was read since it was last asked.
 *
 * @param stub of any object, whose storage has the prototype of all
 */
export async function countReads(stub: DurableObjectStub): Promise<() => number> {
  let cursors: Cursor[] = [];
  await runInDurableObject(stub, (_, { storage }) => {
    const prototype = Object.getPrototypeOf(storage.sql) as { exec(...args: unknown[]): Cursor };
    const { exec } = prototype;
    Object.defineProperty(prototype, "exec", {
      configurable: true,
      writable: true,
      value(this: unknown, ...args: unknown[]) {
        const cursor = exec.apply(this as never, args);
        cursors.push(cursor);
        return cursor;
      },
    });
  });
  return () => {
    const read = cursors.reduce((sum, { rowsRead }) => sum + rowsRead, 0);
    cursors = [];
    return read;
  };
}
