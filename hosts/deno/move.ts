/** Reads and writes the data of a mesh on Deno as lines of an export. */
import type { Keyring } from "../../core/identity/keyring.ts";
import { readAlias, writeAlias } from "../../core/move/alias.ts";
import { readApp, writeApp } from "../../core/move/app.ts";
import { deviceAlarmOf, readDevice, writeDevice } from "../../core/move/device.ts";
import { readDirectory, writeDirectory } from "../../core/move/directory.ts";
import { nodeAlarmOf, readNode, writeNode } from "../../core/move/node.ts";
import { readOperators, writeOperators } from "../../core/move/operators.ts";
import { aliasObjectName } from "../../core/tag/name.ts";
import type { DataLine } from "../../schema/export.ts";
import { batchOf } from "../move/batch.ts";
import type { MeshSource, MeshTarget } from "../move/ports.ts";
import type { AlarmRow } from "./store/alarm-row.ts";
import { SharedAliasStore } from "./store/alias-store.ts";
import { SharedAppStore, SharedDirectoryStore } from "./store/app-store.ts";
import { Database } from "./store/database.ts";
import { SharedDeviceStore } from "./store/device-store.ts";
import { openDatabase } from "./store/open.ts";
import { SharedTagDirectoryStore } from "./store/tag-directory-store.ts";
import { SharedTagStore } from "./store/tag-store.ts";

/** Names of objects read by one query. */
const NAMES_COUNT = 1_000;

/**
 * @param path of the database, which no mesh has open
 * @param keyring of the mesh
 * @throws {HostFailure} if it is damaged
 */
export function denoSource(path: string, keyring: Keyring): MeshSource {
  const db = openDatabase(path, {});
  return {
    *lines(onLost) {
      const directory = new SharedDirectoryStore(db);
      for (const { appId } of directory.list()) {
        const app = readApp(appId, new SharedAppStore(db, keyring, appId), onLost);
        if (app !== null) yield app;
      }
      yield* readOperators(directory);
      for (const name of namesIn(db, "aliases")) {
        const alias = readAlias(new SharedAliasStore(db, name));
        if (alias !== null) yield alias;
      }
      for (const { app } of db.all<{ app: string }>("SELECT DISTINCT app FROM tag_directory"))
        yield* readDirectory(app, new SharedTagDirectoryStore(db, app));
      for (const name of namesIn(db, "tag_nodes"))
        yield* readNode(name, new SharedTagStore(db, name));
      for (const name of namesIn(db, "devices"))
        yield* readDevice(name, new SharedDeviceStore(db, name));
    },
    close: () => db.close(),
  };
}

function* namesIn(db: Database, table: "aliases" | "tag_nodes" | "devices"): Generator<string> {
  for (let last = ""; ; ) {
    const rows = db.all<{ name: string }>(
      `SELECT name FROM ${table} WHERE name > ? ORDER BY name LIMIT ?`,
      last,
      NAMES_COUNT,
    );
    for (const { name } of rows) yield name;
    const end = rows.at(-1);
    if (end === undefined) return;
    last = end.name;
  }
}

/** @param path of the database to create. @param keyring of the mesh */
export function denoTarget(path: string, keyring: Keyring): MeshTarget {
  const db = new Database(path);
  const directory = new SharedDirectoryStore(db);
  return {
    async write(lines: readonly DataLine[]) {
      const { apps, operators, aliases, tags, nodes, devices } = batchOf(lines);
      for (const app of apps) {
        writeApp(new SharedAppStore(db, keyring, app.appId), app);
        directory.add(app);
      }
      writeOperators(directory, operators);
      for (const line of aliases)
        writeAlias(new SharedAliasStore(db, aliasObjectName(line.app, line.alias)), line);
      for (const [app, own] of tags) writeDirectory(new SharedTagDirectoryStore(db, app), own);
      for (const [name, parts] of nodes) {
        const store = new SharedTagStore(db, name);
        writeNode(name, store, parts);
        expect(store, nodeAlarmOf(name, store, Date.now()));
      }
      for (const [name, parts] of devices) {
        const store = new SharedDeviceStore(db, name);
        writeDevice(store, parts);
        expect(store, deviceAlarmOf(parts, Date.now()));
      }
      await db.committed();
    },
    async close() {
      db.close();
    },
  };
}

/** Sets an alarm unless an earlier one is set. @param at Infinity for none */
function expect(row: AlarmRow, at: number): void {
  if (at < (row.alarmAt ?? Number.POSITIVE_INFINITY)) row.setAlarm(at);
}
