/** What a mesh has stored of devices, tags and aliases, by looking into its data folder. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ALARMS_FILE, uniqueKeyOf } from "../../../hosts/workerd/config.ts";
import { VOID_BYTES } from "../../../hosts/workerd/storage.ts";
import type { HostName } from "../../support/host.ts";

export interface Stored {
  readonly devices: number;
  readonly tags: number;
  readonly aliases: number;
}

/** @param folder the data folder; the mesh may be running */
export function storedIn(host: HostName, folder: string): Stored {
  if (host === "deno") return rowsIn(join(folder, "mesh.db"));
  const of = (name: string): number => databasesIn(join(folder, "storage", uniqueKeyOf(name)));
  return { devices: of("DeviceObject"), tags: of("TagObject"), aliases: of("AliasObject") };
}

function rowsIn(file: string): Stored {
  const db = new DatabaseSync(file, { readOnly: true });
  const count = (table: string): number =>
    Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"]);
  try {
    return { devices: count("devices"), tags: count("tag_nodes"), aliases: count("aliases") };
  } finally {
    db.close();
  }
}

/** workerd makes a file for each object that it wakes; one that holds tables is larger, or has a log. */
function databasesIn(folder: string): number {
  const sizeOf = (name: string): number => {
    try {
      return statSync(join(folder, name)).size;
    } catch {
      return 0;
    }
  };
  const names = readdirSync(folder).filter(
    (name) => name.endsWith(".sqlite") && name !== ALARMS_FILE,
  );
  return names.filter((name) => sizeOf(name) > VOID_BYTES || sizeOf(`${name}-wal`) > 0).length;
}
