/** Rows as SQLite itself counts them. */
import type { Database } from "../../../../hosts/deno/store/database.ts";

/** Counts from now on. */
export function countRows(db: Database): () => number {
  const total = (): number => {
    db.writeDeferred();
    return db.get<{ n: number }>("SELECT total_changes() AS n")?.n ?? 0;
  };
  const before = total();
  return () => total() - before;
}
