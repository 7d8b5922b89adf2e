/** The store of a live node among many in one database, held to the suite that the other stores are held to. */
import { describe, expect, test } from "vitest";
import { SharedLiveStore } from "../../../../hosts/deno/store/live-store.ts";
import { LIVE_STORE_CASES } from "../../../objects/support/live-store-suite.ts";
import { openDatabase } from "../support/mesh.ts";

describe("live store in the shared database", () => {
  test.each(LIVE_STORE_CASES)("$name", ({ run }) => {
    const db = openDatabase();
    const other = new SharedLiveStore(db, "other");
    other.write({ tag: "other", born: 3 });
    const entry = { position: 4, expiresAt: null, collapseKey: null, text: "{}" };
    other.put(4, entry);
    run(new SharedLiveStore(db, "name"));
    const same = new SharedLiveStore(db, "other");
    expect(same.read()).toEqual({ tag: "other", born: 3 });
    expect(same.list()).toEqual([entry]);
  });
});
