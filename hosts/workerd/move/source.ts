/** Reads the data of a mesh on workerd from the database files of its objects, without starting workerd. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { APP_BYTES } from "../../../core/identity/app-id.ts";
import type { Keyring } from "../../../core/identity/keyring.ts";
import { StoredSecrets } from "../../../core/identity/stored-secrets.ts";
import { readAlias } from "../../../core/move/alias.ts";
import { type LostSecret, readApp } from "../../../core/move/app.ts";
import { readDevice } from "../../../core/move/device.ts";
import { readDirectory } from "../../../core/move/directory.ts";
import { readNode } from "../../../core/move/node.ts";
import { readOperators } from "../../../core/move/operators.ts";
import { aliasObjectName } from "../../../core/tag/name.ts";
import { APP_DIRECTORY_NAME } from "../../../objects/interfaces/rpc.ts";
import { SqlAliasStore } from "../../../objects/storage/alias-store.ts";
import { SqlDirectoryStore } from "../../../objects/storage/app-directory-store.ts";
import { SqlAppStore } from "../../../objects/storage/app-store.ts";
import { nameIn, SqlDeviceStore } from "../../../objects/storage/device-store.ts";
import type { Sql } from "../../../objects/storage/sql.ts";
import { SqlTagDirectoryStore } from "../../../objects/storage/tag-directory-store.ts";
import { nodeNameIn, SqlTagStore } from "../../../objects/storage/tag-store.ts";
import type { AppLine, DataLine } from "../../../schema/export.ts";
import { moveFailure } from "../../move/failure.ts";
import type { MeshSource } from "../../move/ports.ts";
import { ALARMS_FILE, uniqueKeyOf } from "../config.ts";
import { objectIdOf } from "./object-id.ts";

const DEVICES = uniqueKeyOf("DeviceObject");
const APPS = uniqueKeyOf("AppObject");
const DIRECTORY = uniqueKeyOf("AppDirectoryObject");
const TAGS = uniqueKeyOf("TagObject");
const ALIASES = uniqueKeyOf("AliasObject");
const TAG_DIRECTORIES = uniqueKeyOf("TagDirectoryObject");

const SUFFIX = ".sqlite";

/** @param storage folder of the objects' databases, which no workerd has open. @param keyring of the mesh */
export function workerdSource(storage: string, keyring: Keyring): MeshSource {
  return {
    *lines(onLost) {
      const apps = [...appLines(storage, keyring, onLost)];
      yield* apps;
      yield* open(fileOf(storage, DIRECTORY, APP_DIRECTORY_NAME), (sql) => [
        ...readOperators(new SqlDirectoryStore(sql)),
      ]) ?? [];
      yield* objectLines(storage, ALIASES, function* (sql) {
        const line = readAlias(new SqlAliasStore(sql));
        if (line === null) return null;
        yield line;
        return aliasObjectName(line.app, line.alias);
      });
      for (const { appId } of apps) {
        const app = appTextOf(appId);
        yield* open(fileOf(storage, TAG_DIRECTORIES, app), (sql) => [
          ...readDirectory(app, new SqlTagDirectoryStore(sql)),
        ]) ?? [];
      }
      yield* objectLines(storage, TAGS, function* (sql) {
        const name = nodeNameIn(sql);
        if (name !== null) yield* readNode(name, new SqlTagStore(sql, name));
        return name;
      });
      yield* objectLines(storage, DEVICES, function* (sql) {
        const name = nameIn(sql);
        if (name !== null) yield* readDevice(name, new SqlDeviceStore(sql, name));
        // An object that was called but never had an account contains nothing.
        else if (new SqlDeviceStore(sql, "").readAccount() !== null) return "";
        return name;
      });
    },
    close() {},
  };
}

/** The app's name in objects: the first bytes of the appId, without its authentication code. */
function appTextOf(appId: string): string {
  return Buffer.from(appId, "base64url").subarray(0, APP_BYTES).toString("base64url");
}

function* appLines(
  storage: string,
  keyring: Keyring,
  onLost: (lost: LostSecret) => void,
): Generator<AppLine> {
  const listed = open(fileOf(storage, DIRECTORY, APP_DIRECTORY_NAME), (sql) => [
    ...new SqlDirectoryStore(sql).list(),
  ]);
  for (const { appId } of listed ?? []) {
    const app = open(fileOf(storage, APPS, appId), (sql) =>
      readApp(appId, new SqlAppStore(sql, new StoredSecrets(keyring, appId)), onLost),
    );
    if (app == null)
      throw moveFailure("folder_damaged", `${storage}: the database of app ${appId} is missing`);
    yield app;
  }
}

/**
 * The lines of all objects of a class, one database after the other.
 *
 * @param read yields the lines of an object; returns the name that its database contains, null if it is empty
 */
function* objectLines(
  storage: string,
  uniqueKey: string,
  read: (sql: Sql) => Generator<DataLine, string | null>,
): Generator<DataLine> {
  const folder = join(storage, uniqueKey);
  if (!existsSync(folder)) return;
  for (const file of readdirSync(folder)) {
    if (!file.endsWith(SUFFIX) || file === ALARMS_FILE) continue;
    const path = join(folder, file);
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      const name = yield* read(sqlOn(database));
      if (name === "") throw moveFailure("folder_damaged", `${path} does not say whose it is`);
      if (name !== null && `${objectIdOf(uniqueKey, name)}${SUFFIX}` !== file)
        throw moveFailure("folder_damaged", `${path} holds another object, ${name}`);
    } finally {
      database.close();
    }
  }
}

const fileOf = (storage: string, uniqueKey: string, name: string): string =>
  join(storage, uniqueKey, `${objectIdOf(uniqueKey, name)}${SUFFIX}`);

/** Reads a database; undefined if there is none. */
function open<T>(file: string, read: (sql: Sql) => T): T | undefined {
  if (!existsSync(file)) return undefined;
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return read(sqlOn(database));
  } finally {
    database.close();
  }
}

/** Gives the objects' stores access to a database. */
const sqlOn = (database: DatabaseSync): Sql => ({
  exec: <Row>(query: string, ...values: (string | number | Uint8Array | null)[]) => {
    const rows = database.prepare(query).all(...values) as Row[];
    return { toArray: () => rows, rowsWritten: 0 };
  },
});
