import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { SqlAliasStore } from "../../objects/storage/alias-store.ts";
import { ALIAS_STORE_CASES } from "./support/alias-store-suite.ts";
import { newAlias } from "./support/tags.ts";

describe("alias store on SQLite", () => {
  test.each(ALIAS_STORE_CASES)("$name", ({ run }) =>
    runInDurableObject(newAlias(), (_, { storage }) => run(new SqlAliasStore(storage.sql))),
  );

  test("what was written is there for the next store on the same database", () =>
    runInDurableObject(newAlias(), (_, { storage: { sql } }) => {
      const record = { app: "AAAAAAAAAAA", alias: "имя", shared: false, holders: [] };
      new SqlAliasStore(sql).write(record);
      expect(new SqlAliasStore(sql).read()).toEqual(record);
    }));
});
