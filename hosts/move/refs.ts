/**
 * Changes the tagRefs of a mesh that starts from a copy. Devices keep their positions in the logs of tags by tagRef. If the copy is older,
 * its logs assign positions again that a device has already passed, and the device would skip those broadcasts. With a new tagRef the
 * device has no position, and continues from the one in the copy; it recognizes broadcasts that it has received by their keys.
 */
import { randomInt } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import type { DataLine } from "../../schema/export.ts";

/** A tagRef is from 1 to this. */
const MAX_REF = 2 ** 31 - 1;

export class Refs {
  /** Added to all refs of a copy, so that distinct refs stay distinct. */
  readonly #shift = randomInt(1, MAX_REF);

  /** Returns a line of an export with changed refs. */
  renew(line: DataLine): DataLine {
    if (line.kind !== "subscription") return line;
    return { ...line, ref: ((line.ref - 1 + this.#shift) % MAX_REF) + 1 };
  }

  /** Changes the refs in a database of the Deno host, which nobody else has open. The first version of the tables has none. */
  renewAll(db: DatabaseSync): void {
    if (db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'device_tags'").get() === undefined)
      return;
    const renewed = (ref: string) => `(${ref} - 1 + ${this.#shift}) % ${MAX_REF} + 1`;
    db.exec("BEGIN");
    // Negative in between: a new ref may equal another old one.
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
