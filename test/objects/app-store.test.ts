/** The rows of an app's object, also those of an older version. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { DEFAULT_POLICY, OPEN_POLICY } from "../../core/app/policy.ts";
import type { AppObject } from "../../objects/durable/app.ts";
import { SqlAppStore } from "../../objects/storage/app-store.ts";
import { newApp } from "./support/client.ts";

const { APPS } = env as unknown as { readonly APPS: DurableObjectNamespace<AppObject> };

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
      const store = new SqlAppStore(storage.sql);
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
});
