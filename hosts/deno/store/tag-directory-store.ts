/** The tags of one app, and its signed changes, in the shared database. */
import type { ChangeStore, SignedChange } from "../../../core/app/changes.ts";
import type {
  TagDirectoryStore,
  TagReport,
  TagSelection,
} from "../../../core/tag/directory/directory.ts";
import {
  reportOf,
  rowOf,
  TAG_COLUMNS,
  type TagRow,
  tagSql,
} from "../../../objects/storage/tag-query.ts";
import type { Database } from "./database.ts";

// The name as JSON, as in device-store.ts: it may hold a NUL, and Deno's node:sqlite ends a text there.
const COLUMNS = "json_quote(tag) AS name, members, listeners, last_broadcast_at";

type StoredRow = Omit<TagRow, "tag"> & { readonly name: string };

const readRow = ({ name, ...row }: StoredRow): TagReport =>
  reportOf({ ...row, tag: JSON.parse(name) as string });

/** Rows of an export in memory at one time. */
const ROWS_COUNT = 1_000;

export class SharedTagDirectoryStore implements TagDirectoryStore, ChangeStore {
  readonly #db: Database;
  readonly #app: string;

  /** @param app base64url of the app's 8 bytes */
  constructor(db: Database, app: string) {
    this.#db = db;
    this.#app = app;
  }

  read(tag: string): TagReport | null {
    const row = this.#db.get<StoredRow>(
      `SELECT ${COLUMNS} FROM tag_directory WHERE app = ? AND tag = ?`,
      this.#app,
      tag,
    );
    return row === undefined ? null : readRow(row);
  }

  put(report: TagReport): void {
    this.#db.run(
      `INSERT INTO tag_directory (app, ${TAG_COLUMNS}) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (app, tag) DO UPDATE SET members = excluded.members,
         listeners = excluded.listeners, last_broadcast_at = excluded.last_broadcast_at`,
      this.#app,
      ...rowOf(report),
    );
  }

  remove(tag: string): void {
    this.#db.run("DELETE FROM tag_directory WHERE app = ? AND tag = ?", this.#app, tag);
  }

  select(selection: TagSelection): TagReport[] {
    const { where, tail, values } = tagSql(selection);
    const rows = this.#db.all<StoredRow>(
      `SELECT ${COLUMNS} FROM tag_directory WHERE app = ? AND ${where} ${tail}`,
      this.#app,
      ...values,
    );
    return rows.map(readRow);
  }

  listChanges(): (SignedChange & { readonly slot: number })[] {
    return this.#db.all("SELECT slot, id, at FROM signed_changes WHERE app = ?", this.#app);
  }

  putChange(slot: number, { id, at }: SignedChange): void {
    this.#db.run(
      `INSERT INTO signed_changes (app, slot, id, at) VALUES (?, ?, ?, ?)
       ON CONFLICT (app, slot) DO UPDATE SET id = excluded.id, at = excluded.at`,
      ...[this.#app, slot, id, at],
    );
  }

  dropChanges(): void {
    this.#db.run("DELETE FROM signed_changes WHERE app = ?", this.#app);
  }

  *all(): Generator<TagReport> {
    for (let last: string | null = null; ; ) {
      const rows: StoredRow[] = this.#db.all<StoredRow>(
        `SELECT ${COLUMNS} FROM tag_directory
         WHERE app = ? AND (? IS NULL OR tag > ?) ORDER BY tag LIMIT ?`,
        this.#app,
        last,
        last,
        ROWS_COUNT,
      );
      const reports = rows.map(readRow);
      yield* reports;
      const end = reports.at(-1);
      if (end === undefined) return;
      last = end.tag;
    }
  }
}
