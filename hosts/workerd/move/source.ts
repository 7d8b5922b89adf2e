/** The data of a mesh on workerd, read from its objects' database files; workerd itself is not started. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { readApp } from "../../../core/move/app.ts";
import { readDevice } from "../../../core/move/device.ts";
import { SqlDirectoryStore } from "../../../objects/app-directory-store.ts";
import { SqlAppStore } from "../../../objects/app-store.ts";
import { APP_DIRECTORY_NAME } from "../../../objects/interfaces/rpc.ts";
import { nameIn, SqlDeviceStore } from "../../../objects/storage/device-store.ts";
import type { Sql } from "../../../objects/storage/sql.ts";
import type { DataLine } from "../../../schema/export.ts";
import { moveFailure } from "../../move/failure.ts";
import type { MeshSource } from "../../move/ports.ts";
import { uniqueKeyOf } from "../config.ts";
import { objectIdOf } from "./object-id.ts";

const DEVICES = uniqueKeyOf("DeviceObject");
const APPS = uniqueKeyOf("AppObject");
const DIRECTORY = uniqueKeyOf("AppDirectoryObject");

const SUFFIX = ".sqlite";
/** Where workerd keeps the alarms of a class, beside the objects' files. */
const ALARMS = `metadata${SUFFIX}`;

/** @param storage folder of the objects' databases, which no workerd has open */
export function workerdSource(storage: string): MeshSource {
  return {
    *lines() {
      yield* appLines(storage);
      yield* deviceLines(storage);
    },
    close() {},
  };
}

function* appLines(storage: string): Generator<DataLine> {
  const listed = open(fileOf(storage, DIRECTORY, APP_DIRECTORY_NAME), (sql) => [
    ...new SqlDirectoryStore(sql).list(),
  ]);
  for (const { appId } of listed ?? []) {
    const app = open(fileOf(storage, APPS, appId), (sql) => readApp(appId, new SqlAppStore(sql)));
    if (app == null)
      throw moveFailure("folder_damaged", `${storage}: the database of app ${appId} is missing`);
    yield app;
  }
}

function* deviceLines(storage: string): Generator<DataLine> {
  const folder = join(storage, DEVICES);
  if (!existsSync(folder)) return;
  for (const file of readdirSync(folder)) {
    if (!file.endsWith(SUFFIX) || file === ALARMS) continue;
    const database = new DatabaseSync(join(folder, file), { readOnly: true });
    try {
      const sql = sqlOn(database);
      const name = nameIn(sql);
      if (name === null) {
        // An object that was asked and never had an account has nothing.
        if (new SqlDeviceStore(sql, "").readAccount() === null) continue;
        throw moveFailure("folder_damaged", `${join(folder, file)} does not say whose it is`);
      }
      if (`${objectIdOf(DEVICES, name)}${SUFFIX}` !== file)
        throw moveFailure("folder_damaged", `${join(folder, file)} holds another device, ${name}`);
      yield* readDevice(name, new SqlDeviceStore(sql, name));
    } finally {
      database.close();
    }
  }
}

const fileOf = (storage: string, uniqueKey: string, name: string): string =>
  join(storage, uniqueKey, `${objectIdOf(uniqueKey, name)}${SUFFIX}`);

/** What `read` makes of a database; undefined where there is none. */
function open<T>(file: string, read: (sql: Sql) => T): T | undefined {
  if (!existsSync(file)) return undefined;
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return read(sqlOn(database));
  } finally {
    database.close();
  }
}

/** The object's own view of its database, for the stores that objects use. */
const sqlOn = (database: DatabaseSync): Sql => ({
  exec: <Row>(query: string, ...values: (string | number | Uint8Array | null)[]) => {
    const rows = database.prepare(query).all(...values) as Row[];
    return { toArray: () => rows };
  },
});
