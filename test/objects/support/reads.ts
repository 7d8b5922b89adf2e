/** Rows read as SQLite itself counts them, of objects that a test names: one that wakes reads before a test can look into it. */
import { runInDurableObject } from "cloudflare:test";

interface Cursor {
  readonly rowsRead: number;
}

interface Read {
  /** Of one life of one object. */
  readonly sql: unknown;
  readonly cursor: Cursor;
}

export interface Reads {
  /** Counts from now on. */
  reset(): void;
  /** What these objects have read since, in the life that they are in. */
  rows(): Promise<number>;
}

/**
 * Counts from now on. Other objects of the isolate read too, such as a tag of an earlier test by its alarm, 10 s later: they do not count.
 *
 * @param stubs of the objects; the storage of the first has the prototype of all
 */
export async function countReads(
  ...stubs: readonly [DurableObjectStub, ...DurableObjectStub[]]
): Promise<Reads> {
  let reads: Read[] = [];
  await runInDurableObject(stubs[0], (_, { storage }) => {
    const prototype = Object.getPrototypeOf(storage.sql) as { exec(...args: unknown[]): Cursor };
    const { exec } = prototype;
    Object.defineProperty(prototype, "exec", {
      configurable: true,
      writable: true,
      value(this: unknown, ...args: unknown[]) {
        const cursor = exec.apply(this as never, args);
        reads.push({ sql: this, cursor });
        return cursor;
      },
    });
  });
  return {
    reset() {
      reads = [];
    },
    async rows() {
      let rows = 0;
      for (const stub of stubs) {
        rows += await runInDurableObject(stub, (_, { storage }) =>
          reads
            .filter(({ sql }) => sql === storage.sql)
            .reduce((sum, { cursor }) => sum + cursor.rowsRead, 0),
        );
      }
      return rows;
    },
  };
}
