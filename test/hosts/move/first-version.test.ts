/** Databases of workerd that the first version made, which knew neither tags nor live keys: an export only reads them. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { ALL_RIGHTS } from "../../../core/app/app.ts";
import { uniqueKeyOf } from "../../../hosts/workerd/config.ts";
import { objectIdOf } from "../../../hosts/workerd/move/object-id.ts";
import { workerdSource } from "../../../hosts/workerd/move/source.ts";
import { KEYRING } from "../support/keyring.ts";

const device = Buffer.alloc(16, 1).toString("base64url");
const appId = Buffer.alloc(16, 2).toString("base64url");
const account = { publicKey: "p", generation: 1, createdAt: 1 };
const link = { session: "s", lastSeenMs: 2, tokens: [["jti", 3]], seqFloor: 4 };

test("M1 are read as they are, and stay so", () => {
  const storage = mkdtempSync(join(tmpdir(), "pushmesh-test-"));
  onTestFinished(() => rmSync(storage, { recursive: true }));
  const files: string[] = [];
  const make = (className: string, name: string, sql: string) => {
    const uniqueKey = uniqueKeyOf(className);
    mkdirSync(join(storage, uniqueKey), { recursive: true });
    const file = join(storage, uniqueKey, `${objectIdOf(uniqueKey, name)}.sqlite`);
    const database = new DatabaseSync(file);
    database.exec(sql);
    database.close();
    files.push(file);
  };
  make(
    "AppDirectoryObject",
    "apps",
    `CREATE TABLE app (app_id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, created_at INTEGER NOT NULL);
     INSERT INTO app VALUES ('${appId}', 'Shop', 1);`,
  );
  make(
    "AppObject",
    appId,
    `CREATE TABLE app (id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL, created_at INTEGER NOT NULL);
     CREATE TABLE key (n INTEGER PRIMARY KEY AUTOINCREMENT, algorithm TEXT NOT NULL, material BLOB NOT NULL,
       created_at INTEGER NOT NULL);
     INSERT INTO app VALUES (1, 'Shop', 1);
     INSERT INTO key VALUES (1, 'ed25519', x'07', 2);`,
  );
  make(
    "DeviceObject",
    device,
    `CREATE TABLE state (id INTEGER PRIMARY KEY, value TEXT NOT NULL);
     CREATE TABLE registrations (slot INTEGER PRIMARY KEY, app TEXT NOT NULL, created_at INTEGER NOT NULL,
       ended_at INTEGER);
     CREATE TABLE outcomes (slot INTEGER PRIMARY KEY, log TEXT NOT NULL);
     CREATE TABLE mail (seq INTEGER PRIMARY KEY, slot INTEGER NOT NULL, lane INTEGER NOT NULL, key TEXT NOT NULL,
       expires_at INTEGER NOT NULL, collapse_key TEXT, content_type INTEGER NOT NULL, data BLOB NOT NULL);
     INSERT INTO state VALUES (1, '${JSON.stringify({ ...account, name: device })}');
     INSERT INTO state VALUES (2, '${JSON.stringify(link)}');
     INSERT INTO registrations VALUES (1, 'a', 5, NULL);
     INSERT INTO mail VALUES (6, 1, 2, 'k', 7, 'c', 3, x'00ff');`,
  );
  const before = files.map((file) => readFileSync(file));
  expect([...workerdSource(storage, KEYRING).lines(() => {})]).toEqual([
    {
      kind: "app",
      appId,
      name: "Shop",
      createdAt: 1,
      keysMade: 1,
      keys: [
        {
          n: 1,
          algorithm: "ed25519",
          material: Uint8Array.of(7),
          createdAt: 2,
          ...ALL_RIGHTS,
          lastUsedAt: null,
        },
      ],
      liveKey: null,
      policy: null,
      trustVersion: 0,
      denials: [],
      quota: null,
    },
    { kind: "device", device, account, link },
    {
      kind: "registration",
      device,
      slot: 1,
      app: "a",
      createdAt: 5,
      endedAt: null,
      generation: 0,
      outcomes: null,
      attributes: null,
    },
    {
      kind: "mail",
      device,
      seq: 6,
      slot: 1,
      lane: 2,
      key: "k",
      expiresAt: 7,
      collapseKey: "c",
      contentType: 3,
      data: Uint8Array.of(0, 255),
      firstAckAlias: null,
      fingerprint: null,
      options: null,
      hold: null,
    },
  ]);
  expect(files.map((file) => readFileSync(file))).toEqual(before);
});
