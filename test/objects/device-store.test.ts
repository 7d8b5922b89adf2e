import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { SqlDeviceStore } from "../../objects/storage/device-store.ts";
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
});
