/** Writes of an object that fail, as on a full disk, or past the rows that a plan allows. */
import { runInDurableObject } from "cloudflare:test";

export const DISK_FULL = "database or disk is full: SQLITE_FULL";

/**
 * From now on the next statements of the object that hold a text fail, until it leaves memory.
 *
 * @param times how many of them
 */
export async function failWrites<Kind extends Rpc.DurableObjectBranded>(
  stub: DurableObjectStub<Kind>,
  text: string,
  { times = 1, reason = DISK_FULL } = {},
): Promise<void> {
  let left = times;
  await runInDurableObject(stub, (_, { storage }) => {
    const { sql } = storage;
    const exec = sql.exec.bind(sql);
    Object.defineProperty(sql, "exec", {
      configurable: true,
      value: (query: string, ...bindings: unknown[]) => {
        if (query.includes(text) && left-- > 0) throw new Error(reason);
        return exec(query, ...bindings);
      },
    });
  });
}
