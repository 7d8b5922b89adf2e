/**
 * Other tagRefs for a mesh that begins from a copy. Devices keep, by tagRef, how far they have come in a tag's log. The copy may be
 * older than that: its log then gives positions anew that a device takes for ones that it has, and would pass over. By
 * another tagRef it knows nothing, and goes on from where the copy has it; what it has already it tells by the key.
 */
import { randomInt } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import type { DataLine } from "../../schema/export.ts";

/** A tagRef is from 1 to this. */
const REFS = 2 ** 31 - 1;

export class Refs {
  /** The same for all refs of a copy: two that differ still do. */
  readonly #shift = randomInt(1, REFS);

  /** A line of an export, with other refs in it. */
  renew(line: DataLine): DataLine {
    if (line.kind !== "subscription") return line;
    return { ...line, ref: ((line.ref - 1 + this.#shift) % REFS) + 1 };
  }

  /** All of a database of the Deno host, which nobody else has open; one of its first version has none. */
  renewAll(db: DatabaseSync): void {
    if (db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'device_tags'").get() === undefined)
      return;
    const renewed = (ref: string) => `(${ref} - 1 + ${this.#shift}) % ${REFS} + 1`;
    db.exec("BEGIN");
    // Over negative ones: a new ref may be another's old one.
    db.exec(`UPDATE device_tags SET ref = -(${renewed("ref")})`);
    db.exec("UPDATE device_tags SET ref = -ref");
    db.exec(`
      UPDATE devices SET link = json_set(link, '$.cursors', (
        SELECT json_group_object(CAST(${renewed("CAST(key AS INTEGER)")} AS TEXT), value)
        FROM json_each(link, '$.cursors')))
      WHERE json_type(link, '$.cursors') = 'object'`);
    db.exec("COMMIT");
  }
}
