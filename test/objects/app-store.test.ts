/** The rows of an app's object, also those of an older version. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { StoredSecrets } from "../../core/identity/stored-secrets.ts";
import { DEFAULT_POLICY, OPEN_POLICY } from "../../core/trust/policy.ts";
import type { AppObject } from "../../objects/durable/app.ts";
import { SqlAppStore } from "../../objects/storage/app-store.ts";
import { meshKeyring, newApp } from "./support/client.ts";

const { APPS } = env as unknown as { readonly APPS: DurableObjectNamespace<AppObject> };

/** The store of an app in the database of its object. */
const storeOn = (sql: SqlStorage, appId = newApp().appId) =>
  new SqlAppStore(sql, new StoredSecrets(meshKeyring(), appId));

const OLD_TABLES = `
  CREATE TABLE app (id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL, created_at INTEGER NOT NULL);
  CREATE TABLE key (n INTEGER PRIMARY KEY AUTOINCREMENT, algorithm TEXT NOT NULL, material BLOB NOT NULL,
    created_at INTEGER NOT NULL);
  CREATE TABLE live_key (id INTEGER PRIMARY KEY CHECK (id = 1), seed BLOB NOT NULL, public_key BLOB NOT NULL);
  INSERT INTO app VALUES (1, 'Shop', 1);`;

describe("the object of an app", () => {
  test("S10 that was stored before there were policies is open, and takes a policy", async () => {
    const stub = APPS.getByName(newApp().appId);
    const tables = () =>
      runInDurableObject(stub, (_, { storage }) =>
        storage.sql
          .exec(
            "SELECT name FROM sqlite_master WHERE name IN ('app', 'key', 'trust') ORDER BY name",
          )
          .toArray()
          .map(({ name }) => name),
      );
    await runInDurableObject(stub, (_, { storage }) => {
      // As every earlier version made them.
      storage.sql.exec(`
        CREATE TABLE app (id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL, created_at INTEGER NOT NULL);
        CREATE TABLE key (n INTEGER PRIMARY KEY AUTOINCREMENT, algorithm TEXT NOT NULL, material BLOB NOT NULL,
          created_at INTEGER NOT NULL);
        INSERT INTO app VALUES (1, 'Shop', 1);
        INSERT INTO key VALUES (1, 'ed25519', x'07', 2);`);
      const store = storeOn(storage.sql);
      expect(store.trust()).toEqual({ policy: null, version: 0 });
      store.setTrust({ policy: null, version: 1 });
      expect(store.trust()).toEqual({ policy: null, version: 1 });
      expect(store.removeApp()).toBe(true);
      expect(store.trust()).toEqual({ policy: null, version: 0 });
      store.setApp({ name: "Shop", createdAt: 1 });
    });
    expect(await tables()).toEqual(["app", "key"]);
    expect(await stub.record()).toMatchObject({ policy: OPEN_POLICY, trustVersion: 0 });
    expect(await stub.setPolicy(DEFAULT_POLICY)).toBe(true);
    expect(await stub.record()).toMatchObject({ policy: DEFAULT_POLICY, trustVersion: 1 });
    expect(await tables()).toEqual(["app", "key", "trust"]);
    await stub.remove();
    expect(await tables()).toEqual(["app", "key"]);
  });

  const storedBy = (stub: DurableObjectStub<AppObject>) =>
    runInDurableObject(stub, (_, { storage }) => {
      const read = (query: string) =>
        storage.sql
          .exec<{ secret: ArrayBuffer }>(query)
          .toArray()
          .map(({ secret }) => new Uint8Array(secret));
      return [
        ...read("SELECT material AS secret FROM key ORDER BY n"),
        ...read("SELECT seed AS secret FROM live_key"),
      ];
    });

  test("S38 S39 seals what an older version stored in the clear when it is next used", async () => {
    const stub = APPS.getByName(newApp().appId);
    const secret = new Uint8Array(32).fill(7);
    const seed = new Uint8Array(32).fill(9);
    await runInDurableObject(stub, (_, { storage }) => {
      storage.sql.exec(OLD_TABLES);
      const insert = "INSERT INTO key VALUES (1, 'hmac-sha256', ?, 2), (2, 'ed25519', ?, 2)";
      storage.sql.exec(insert, secret, secret);
      storage.sql.exec("INSERT INTO live_key VALUES (1, ?, ?)", seed, seed);
    });
    await evictDurableObject(stub);
    for (let n = 0; n < 2; n++) {
      const keys = (await stub.record())?.keys ?? [];
      expect(keys.map(({ material }) => material)).toEqual([secret, secret]);
      expect(await stub.liveKey()).toEqual({ seed, publicKey: seed });
      const [hmac, ed25519, live] = await storedBy(stub);
      expect([hmac?.length, live?.length]).toEqual([49, 49]);
      // Public.
      expect(ed25519).toEqual(secret);
      await evictDurableObject(stub);
    }
  });

  test("S38 opens no secret that was sealed for another app or another key", async () => {
    const [one, two] = [APPS.getByName(newApp().appId), APPS.getByName(newApp().appId)];
    for (const stub of [one, two]) {
      await stub.create("Shop");
      await stub.liveKey();
      await stub.addKey("hmac-sha256", crypto.getRandomValues(new Uint8Array(32)));
      await stub.addKey("hmac-sha256", crypto.getRandomValues(new Uint8Array(32)));
    }
    const [stolen = new Uint8Array()] = await storedBy(one);
    await runInDurableObject(two, (_, { storage }) => {
      storage.sql.exec("UPDATE key SET material = ? WHERE n = 1", stolen);
    });
    const [, own = new Uint8Array()] = await storedBy(one);
    await runInDurableObject(one, (_, { storage }) => {
      storage.sql.exec("UPDATE key SET material = ? WHERE n = 1", own);
    });
    for (const stub of [one, two]) {
      const keys = (await stub.record())?.keys ?? [];
      expect(keys.map(({ material }) => material?.length ?? null)).toEqual([null, 32]);
    }
  });
});
