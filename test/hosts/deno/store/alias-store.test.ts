/** The store of an alias among many in one database, held to the suite that the other stores are held to. */
import { describe, expect, test } from "vitest";
import { SharedAliasStore } from "../../../../hosts/deno/store/alias-store.ts";
import { ALIAS_STORE_CASES } from "../../../objects/support/alias-store-suite.ts";
import { openDatabase } from "../support/mesh.ts";

describe("alias store in the shared database", () => {
  test.each(ALIAS_STORE_CASES)("$name", ({ run }) => {
    const db = openDatabase();
    const other = new SharedAliasStore(db, "other");
    const record = { app: "AAAAAAAAAAA", alias: "other", shared: true, holders: [] };
    other.write(record);
    run(new SharedAliasStore(db, "alias"));
    expect(other.read()).toEqual(record);
  });
});
