/** A disk that refuses one kind of write. */
import { DatabaseSync } from "node:sqlite";

/** Makes one kind of write fail, as a full disk would; the result makes it work again. */
export function spoil(path: string, write: string, name = "broken"): () => void {
  const db = new DatabaseSync(path);
  db.exec(`CREATE TRIGGER ${name} BEFORE ${write} BEGIN SELECT RAISE (FAIL, 'disk is full'); END`);
  return () => {
    db.exec(`DROP TRIGGER ${name}`);
    db.close();
  };
}
