/** A database of an older pushmesh is brought up to date when it is opened, and loses nothing. */
import { DatabaseSync } from "node:sqlite";
import { describe, expect, onTestFinished, test } from "vitest";
import { grantMark } from "../../../../core/app/denials.ts";
import { DEFAULT_POLICY, OPEN_POLICY } from "../../../../core/trust/policy.ts";
import { SharedDeviceStore } from "../../../../hosts/deno/store/device-store.ts";
import { TABLES_VERSION } from "../../../../hosts/deno/store/tables.ts";
import { KEY_SCOPES } from "../../../../schema/http/enums.ts";
import { databasePath, newApp, openDatabase, openMesh } from "../support/mesh.ts";

/** The tables as version 1 made them, word for word. */
const VERSION_1 = `
  PRAGMA journal_mode = WAL;
  PRAGMA user_version = 1;
  CREATE TABLE IF NOT EXISTS devices (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, account TEXT NOT NULL, link TEXT);
  CREATE TABLE IF NOT EXISTS registrations (
    device INTEGER, slot INTEGER, app TEXT NOT NULL, created_at INTEGER NOT NULL, ended_at INTEGER,
    outcomes TEXT, PRIMARY KEY (device, slot)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS mail (
    device INTEGER, seq INTEGER, slot INTEGER NOT NULL, lane INTEGER NOT NULL, key TEXT NOT NULL,
    expires_at INTEGER NOT NULL, collapse_key TEXT, content_type INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (device, seq));
  CREATE TABLE IF NOT EXISTS alarms (device INTEGER PRIMARY KEY, at INTEGER NOT NULL);
  CREATE INDEX IF NOT EXISTS alarms_at ON alarms (at);
  CREATE TABLE IF NOT EXISTS apps (app_id TEXT PRIMARY KEY, name TEXT NOT NULL, created_at INTEGER NOT NULL, keys_made INTEGER NOT NULL)
    WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS keys (
    app_id TEXT, n INTEGER, algorithm TEXT NOT NULL, material BLOB NOT NULL, created_at INTEGER NOT NULL,
    PRIMARY KEY (app_id, n)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS directory (app_id TEXT PRIMARY KEY, name TEXT NOT NULL, created_at INTEGER NOT NULL) WITHOUT ROWID;
`;

const ROWS = `
  INSERT INTO devices VALUES (1, 'device', '{"publicKey":"p","generation":1,"createdAt":1}', NULL);
  INSERT INTO registrations VALUES (1, 1, 'AAAAAAAAAAA', 5, NULL, '{"forgotten":0,"entries":[]}');
  INSERT INTO mail VALUES (1, 366280744960000, 1, 2, 'AAAAAAAAAAAA', 1800000000000, NULL, 2, x'686572');
  INSERT INTO alarms VALUES (1, 1800000000000);
  INSERT INTO apps VALUES ('ZGVmZ2hpamuVVc2ByhynRA', 'Shop', 1, 1);
  INSERT INTO keys VALUES ('ZGVmZ2hpamuVVc2ByhynRA', 1, 'ed25519', x'07', 2);
`;

/** A file that version 1 made. */
function oldFile(more = ""): string {
  const path = databasePath();
  const db = new DatabaseSync(path);
  db.exec(VERSION_1 + ROWS + more);
  db.close();
  return path;
}

/** What a file holds, tables and version. */
function look(path: string): { version: unknown; schema: unknown } {
  const db = new DatabaseSync(path);
  onTestFinished(() => db.close());
  const version = db.prepare("PRAGMA user_version").get()?.["user_version"];
  const columns = (table: unknown) =>
    db
      .prepare(`SELECT name FROM pragma_table_info('${table}') ORDER BY name`)
      .all()
      .map(({ name }) => name);
  const tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
  return { version, schema: tables.all().map(({ name }) => [name, columns(name)]) };
}

describe("a database of version 1", () => {
  test("has the tables of a new one when it is opened, and keeps what it held", () => {
    const path = oldFile();
    const db = openDatabase(path);
    const store = new SharedDeviceStore(db, "device");
    expect(store.readAccount()).toMatchObject({ generation: 1 });
    expect(store.readOutcomes(1)).toContain("entries");
    expect(store.listMail()).toMatchObject([{ seq: 366_280_744_960_000, firstAckAlias: null }]);
    expect(store.listTags()).toEqual([]);
    expect(store.alarmAt).toBe(1_800_000_000_000);
    const fresh = databasePath();
    openDatabase(fresh);
    expect(look(path)).toEqual(look(fresh));
    expect(look(path).version).toBe(TABLES_VERSION);
  });

  test("serves its devices: the waiting message is delivered", async () => {
    const { mesh, db } = openMesh(oldFile());
    const status = await mesh.device("device").status({
      app: "AAAAAAAAAAA",
      generation: 1,
      seq: 366_280_744_960_000,
      key: new Uint8Array(9),
    });
    expect(status).toMatchObject({ ok: true, status: "queued" });
    expect(db.get("SELECT count(*) AS n FROM mail")).toEqual({ n: 1 });
  });

  test("S10 has apps without a policy: they are open until one is set", async () => {
    const { mesh } = openMesh(oldFile());
    const app = mesh.peers.app("ZGVmZ2hpamuVVc2ByhynRA");
    expect(await app.record()).toMatchObject({ policy: OPEN_POLICY, trustVersion: 0 });
    expect(await app.setPolicy(DEFAULT_POLICY)).toBe(true);
    expect(await app.record()).toMatchObject({ policy: DEFAULT_POLICY, trustVersion: 1 });
    expect(await app.revokeKey("ZGVmZ2hpamuVVc2ByhynRA.k1")).toBe(true);
    expect(await app.record()).toMatchObject({ policy: DEFAULT_POLICY, trustVersion: 2 });
    await app.remove();
    expect(await app.record()).toBeNull();
  });

  test("S1 has apps that revoked no grant: one is revoked, survives a restart, and is forgotten with the app", async () => {
    const file = oldFile();
    const { mesh } = openMesh(file);
    const app = mesh.peers.app("ZGVmZ2hpamuVVc2ByhynRA");
    expect(await app.record()).toMatchObject({ revoked: [], trustVersion: 0 });
    expect(await app.revokeGrant("g1", 4_102_444_800_000)).toBe(true);
    const after = openMesh(file).mesh.peers.app("ZGVmZ2hpamuVVc2ByhynRA");
    expect(await after.record()).toMatchObject({ revoked: [grantMark("g1")], trustVersion: 1 });
    await after.remove();
    expect(await after.record()).toBeNull();
  });

  test("S47 has apps without a quota: one is set, survives a restart, and ends with the app", async () => {
    const file = oldFile();
    const { mesh } = openMesh(file);
    const app = mesh.peers.app("ZGVmZ2hpamuVVc2ByhynRA");
    const one = { spend: 1, extra: 0, ended: [] };
    expect(await app.record()).toMatchObject({ quota: null });
    expect(await app.lease(one)).toBeNull();
    const quota = { perSecond: 0.01, burst: 2 };
    expect(await app.setQuota(quota)).toBe(true);
    expect(await app.record()).toMatchObject({ quota });
    for (const isGranted of [true, true, false])
      expect(await app.lease(one)).toMatchObject({ isGranted });
    // Set again, it grants nothing.
    expect(await app.setQuota(quota)).toBe(true);
    expect(await app.lease(one)).toMatchObject({ isGranted: false });
    // As after a kill: from what is stored.
    const again = openMesh(file);
    const next = again.mesh.peers.app("ZGVmZ2hpamuVVc2ByhynRA");
    expect(await next.lease(one)).toMatchObject({ quota, isGranted: false });
    await next.remove();
    expect(again.db.get("SELECT count(*) AS n FROM app_quotas")).toEqual({ n: 0 });
    expect(await next.setQuota(quota)).toBe(false);
  });

  test("S35 M1 keeps its keys, with all scopes and without an expiry", async () => {
    const { appId } = newApp();
    const rows = `
      INSERT INTO apps VALUES ('${appId}', 'Shop', 1, 1);
      INSERT INTO keys VALUES ('${appId}', 1, 'ed25519', x'07', 2);`;
    const { mesh } = openMesh(oldFile(rows));
    const app = mesh.peers.app(appId);
    const old = { material: Uint8Array.of(7), scopes: KEY_SCOPES, expiresAt: null };
    expect((await app.record())?.keys).toMatchObject([old]);
    const rights = { scopes: ["send" as const], expiresAt: 5 };
    await app.addKey("ed25519", Uint8Array.of(8), rights);
    expect((await app.record())?.keys).toMatchObject([old, rights]);
  });

  test("is left as it was where it cannot be brought up to date", () => {
    // Something of a name that is needed, left by something else.
    const path = oldFile("CREATE TABLE tag_log_position (x);");
    const before = look(path);
    expect(() => openDatabase(path)).toThrow(/tag_log_position/);
    expect(look(path)).toEqual(before);
  });
});
