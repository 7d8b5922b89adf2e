/** Rows written as SQLite itself counts them, and alarms set: what the platform bills. */
import { runInDurableObject } from "cloudflare:test";

export interface Written {
  readonly rows: number;
  readonly alarms: number;
}

/** Counts from now on what the object writes, until it is evicted; the result reads the counts. */
export async function countWrites<Kind extends Rpc.DurableObjectBranded>(
  stub: DurableObjectStub<Kind>,
): Promise<() => Written> {
  const cursors: { readonly rowsWritten: number }[] = [];
  let alarms = 0;
  await runInDurableObject(stub, (_, { storage }) => {
    const { sql } = storage;
    const exec = sql.exec.bind(sql);
    Object.defineProperty(sql, "exec", {
      value: (query: string, ...bindings: unknown[]) => {
        const cursor = exec(query, ...bindings);
        cursors.push(cursor);
        return cursor;
      },
    });
    const setAlarm = storage.setAlarm.bind(storage);
    Object.defineProperty(storage, "setAlarm", {
      value: (at: number) => {
        alarms++;
        return setAlarm(at);
      },
    });
  });
  return () => ({ rows: cursors.reduce((sum, cursor) => sum + cursor.rowsWritten, 0), alarms });
}
