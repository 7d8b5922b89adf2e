import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { nameIn, SqlDeviceStore } from "../../objects/storage/device-store.ts";
import { newStub } from "./support/client.ts";
import { DEVICE_STORE_CASES } from "./support/device-store-suite.ts";

describe("device store on SQLite", () => {
  test.each(DEVICE_STORE_CASES)("$name", ({ run }) =>
    runInDurableObject(newStub(), (_, { storage }) => run(new SqlDeviceStore(storage.sql, "name"))),
  );

  test("what was written is there for the next store on the same database", () =>
    runInDurableObject(newStub(), (_, { storage }) => {
      const record = { publicKey: "p", generation: 1, createdAt: 1 };
      new SqlDeviceStore(storage.sql, "name").writeAccount(record);
      expect(new SqlDeviceStore(storage.sql, "name").readAccount()).toEqual(record);
    }));

  test("P7.1 a device object that is only asked makes no tables", () =>
    runInDurableObject(newStub(), async (object, { storage }) => {
      await object.status({ app: "AAAAAAAAAAA", generation: 1, seq: 2, key: new Uint8Array(9) });
      const tables = storage.sql.exec(
        "SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'",
      );
      expect(tables.toArray()).toEqual([]);
    }));

  test("the tables of the first version are read as they are, and brought up to date by the first write that needs it", () =>
    runInDurableObject(newStub(), (_, { storage: { sql } }) => {
      sql.exec(`
        CREATE TABLE state (id INTEGER PRIMARY KEY, value TEXT NOT NULL);
        CREATE TABLE registrations (
          slot INTEGER PRIMARY KEY, app TEXT NOT NULL, created_at INTEGER NOT NULL, ended_at INTEGER);
        CREATE TABLE outcomes (slot INTEGER PRIMARY KEY, log TEXT NOT NULL);
        CREATE TABLE mail (
          seq INTEGER PRIMARY KEY, slot INTEGER NOT NULL, lane INTEGER NOT NULL, key TEXT NOT NULL,
          expires_at INTEGER NOT NULL, collapse_key TEXT, content_type INTEGER NOT NULL, data BLOB NOT NULL);
        INSERT INTO state VALUES (1, '{"publicKey":"p","generation":1,"createdAt":1,"name":"name"}');
        INSERT INTO mail VALUES (2, 1, 2, 'key', 9, NULL, 3, x'0708');
      `);
      const schema = () => sql.exec("SELECT sql FROM sqlite_master").toArray();
      const before = schema();
      const store = new SqlDeviceStore(sql, "name");
      const old = { seq: 2, slot: 1, lane: 2, key: "key", bytes: 2, expiresAt: 9 } as const;
      const none = {
        collapseKey: null,
        firstAckAlias: null,
        fingerprint: null,
        options: null,
        hold: null,
      };
      const mail = { ...old, ...none };
      expect(store.listMail()).toEqual([mail]);
      expect(store.listTags()).toEqual([]);
      expect(store.listAliases()).toEqual([]);
      expect(store.readAttributes(1)).toBeNull();
      store.deleteTag(1);
      store.deleteAlias(1, "alias");
      expect(nameIn(sql)).toBe("name");
      expect(schema()).toEqual(before);

      const tag = { ref: 7, slot: 1, tag: "news", path: "", generation: 1, epoch: 1 };
      store.putTag(tag);
      const shared = { ...mail, seq: 4, firstAckAlias: "family", options: { label: "l" } };
      store.insertMail(shared, { contentType: 2, data: new Uint8Array(2) });
      for (const each of [store, new SqlDeviceStore(sql, "name")]) {
        expect(each.listTags()).toEqual([tag]);
        expect(each.listMail()).toEqual([mail, shared]);
        expect(each.readMail(2)).toEqual({ contentType: 3, data: Uint8Array.of(7, 8) });
      }
    }));

  test("O1 the tables of a version without options of mail are read as they are, and keep options from the first write on", () =>
    runInDurableObject(newStub(), (_, { storage: { sql } }) => {
      const older = new SqlDeviceStore(sql, "name");
      older.writeAccount({ publicKey: "p", generation: 1, createdAt: 1 });
      sql.exec("ALTER TABLE mail DROP COLUMN options");
      sql.exec("ALTER TABLE mail DROP COLUMN hold");
      sql.exec("ALTER TABLE registrations DROP COLUMN delivery");
      sql.exec("INSERT INTO mail VALUES (2, 1, 2, 'key', 9, NULL, NULL, 3, x'0708', NULL)");
      const schema = () => sql.exec("SELECT sql FROM sqlite_master").toArray();
      const before = schema();
      const store = new SqlDeviceStore(sql, "name");
      const none = {
        collapseKey: null,
        firstAckAlias: null,
        fingerprint: null,
        options: null,
        hold: null,
      };
      const mail = {
        seq: 2,
        slot: 1,
        lane: 2,
        key: "key",
        bytes: 2,
        expiresAt: 9,
        ...none,
      } as const;
      expect(store.listMail()).toEqual([mail]);
      expect(store.readMail(2)).toEqual({ contentType: 3, data: Uint8Array.of(7, 8) });
      expect(schema()).toEqual(before);
      const labelled = { ...mail, seq: 3, options: { label: "l" } };
      store.insertMail(labelled, { contentType: 3, data: new Uint8Array(2) });
      for (const each of [store, new SqlDeviceStore(sql, "name")])
        expect(each.listMail()).toEqual([mail, labelled]);
    }));

  test("S28 the tables of a version without keys are read as they are, and keep a key from the first write on", () =>
    runInDurableObject(newStub(), (_, { storage: { sql } }) => {
      const older = new SqlDeviceStore(sql, "name");
      older.writeAccount({ publicKey: "p", generation: 1, createdAt: 1 });
      sql.exec("ALTER TABLE registrations DROP COLUMN sealing");
      sql.exec("ALTER TABLE mail DROP COLUMN options");
      sql.exec("ALTER TABLE mail DROP COLUMN hold");
      sql.exec("ALTER TABLE registrations DROP COLUMN delivery");
      sql.exec("INSERT INTO registrations VALUES (1, 'AAAAAAAAAAA', 1, NULL, 1, NULL)");
      const schema = () => sql.exec("SELECT sql FROM sqlite_master").toArray();
      const before = schema();
      const store = new SqlDeviceStore(sql, "name");
      const record = { slot: 1, app: "AAAAAAAAAAA", createdAt: 1, endedAt: null, generation: 1 };
      expect(store.listRegistrations()).toEqual([record]);
      expect(schema()).toEqual(before);
      const sealed = { ...record, sealing: { epoch: 3, secret: "s" } };
      store.putRegistration(sealed);
      for (const each of [store, new SqlDeviceStore(sql, "name")])
        expect(each.listRegistrations()).toEqual([sealed]);
    }));
});
