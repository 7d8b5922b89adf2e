/** The data of a mesh in one process, read and written as lines of an export. */
import { readApp, writeApp } from "../../core/move/app.ts";
import { readDevice, writeDevice } from "../../core/move/device.ts";
import type { DataLine, DevicePart } from "../../schema/export.ts";
import { batchOf } from "../move/batch.ts";
import type { MeshSource, MeshTarget } from "../move/ports.ts";
import { SharedAppStore, SharedDirectoryStore } from "./store/app-store.ts";
import { Database } from "./store/database.ts";
import { SharedDeviceStore } from "./store/device-store.ts";
import { openDatabase } from "./store/open.ts";

/** Devices whose names are in memory at one time. */
const NAMES_COUNT = 1_000;

/**
 * @param path of the database, which no mesh has open
 * @throws {HostFailure} where it is damaged
 */
export function denoSource(path: string): MeshSource {
  const db = openDatabase(path, {});
  return {
    *lines() {
      for (const { appId } of new SharedDirectoryStore(db).list()) {
        const app = readApp(appId, new SharedAppStore(db, appId));
        if (app !== null) yield app;
      }
      for (const name of deviceNames(db)) {
        yield* readDevice(name, new SharedDeviceStore(db, name));
      }
    },
    close: () => db.close(),
  };
}

function* deviceNames(db: Database): Generator<string> {
  for (let last = 0; ; ) {
    const rows = db.all<{ id: number; name: string }>(
      "SELECT id, name FROM devices WHERE id > ? ORDER BY id LIMIT ?",
      last,
      NAMES_COUNT,
    );
    for (const { name } of rows) yield name;
    const end = rows.at(-1);
    if (end === undefined) return;
    last = end.id;
  }
}

/** @param path of the database to make */
export function denoTarget(path: string): MeshTarget {
  const db = new Database(path);
  const directory = new SharedDirectoryStore(db);
  return {
    async write(lines: readonly DataLine[]) {
      const { apps, devices } = batchOf(lines);
      for (const app of apps) {
        writeApp(new SharedAppStore(db, app.appId), app);
        directory.add(app);
      }
      for (const [name, parts] of devices) {
        const store = new SharedDeviceStore(db, name);
        writeDevice(store, parts);
        expectExpiry(store, parts);
      }
      await db.committed();
    },
    async close() {
      db.close();
    },
  };
}

/** Sets the alarm for the first expiry; the device then sets it as it needs it. */
function expectExpiry(store: SharedDeviceStore, parts: readonly DevicePart[]): void {
  const expiries = parts.flatMap((part) => (part.kind === "mail" ? [part.expiresAt] : []));
  const first = Math.min(...expiries, store.alarmAt ?? Number.POSITIVE_INFINITY);
  if (first !== (store.alarmAt ?? Number.POSITIVE_INFINITY)) store.setAlarm(first);
}
