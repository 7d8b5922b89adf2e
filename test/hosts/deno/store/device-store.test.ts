/** The store of a device among many in one database, held to the suite that the other stores are held to. */
import { describe, expect, test } from "vitest";
import type { DeviceStore } from "../../../../core/device/store.ts";
import { SharedDeviceStore } from "../../../../hosts/deno/store/device-store.ts";
import { ObjectWriter } from "../../../../hosts/deno/store/object-writer.ts";
import { DEVICE_STORE_CASES } from "../../../objects/support/device-store-suite.ts";
import { databasePath, openDatabase } from "../support/mesh.ts";

const account = { publicKey: "p", generation: 1, createdAt: 1 };

describe("device store in the shared database", () => {
  test.each(DEVICE_STORE_CASES)("$name", ({ run }) => {
    const db = openDatabase();
    // A neighbour with rows of the same slots and numbers, which must not show and must not go.
    const other = new SharedDeviceStore(db, "other");
    other.writeAccount(account);
    const registration = { slot: 1, app: "other", createdAt: 1, endedAt: null, generation: 1 };
    other.putRegistration(registration);
    other.writeOutcomes(1, "other");
    const header = {
      seq: 1,
      slot: 1,
      lane: 2,
      key: "other",
      bytes: 1,
      expiresAt: 1,
      collapseKey: null,
      firstAckAlias: null,
      fingerprint: null,
      options: null,
      hold: null,
    } as const;
    other.insertMail(header, { contentType: 2, data: Uint8Array.of(1) });
    const tag = { ref: 1, slot: 1, tag: "other", path: "", generation: 1, epoch: 1 };
    other.putTag(tag);
    const state = { shared: false, suspended: false, leaving: false };
    const alias = { slot: 1, alias: "имя", generation: 1, ...state };
    other.putAlias(alias);
    const attributes = { platform: "other", appVersion: null, locale: null, custom: {} };
    other.writeAttributes(1, attributes);
    // A case that makes a statement fail takes its transaction with it, and this is not of that.
    db.commit();

    run(new SharedDeviceStore(db, "device"));

    expect(other.readAccount()).toEqual(account);
    expect(other.listRegistrations()).toEqual([registration]);
    expect(other.readOutcomes(1)).toBe("other");
    expect(other.listMail()).toEqual([header]);
    expect(other.listTags()).toEqual([tag]);
    expect(other.listAliases()).toEqual([alias]);
    expect(other.readAttributes(1)).toEqual(attributes);
  });

  test.each(DEVICE_STORE_CASES)("as found by the next store: $name", ({ run }) => {
    const db = openDatabase();
    // Each read is the first of a store, as of a device that wakes.
    const store = new Proxy({} as DeviceStore, {
      get: (_, method: keyof DeviceStore) => {
        const fresh = new SharedDeviceStore(db, "device");
        return Reflect.get(fresh, method).bind(fresh);
      },
    });
    run(store);
  });

  test("what was written is there for the next store on the same database, alarm and all", () => {
    const path = databasePath();
    const db = openDatabase(path);
    const store = new SharedDeviceStore(db, "device");
    store.writeAccount(account);
    store.setAlarm(7);
    const next = new SharedDeviceStore(db, "device");
    expect(next.readAccount()).toEqual(account);
    expect(next.alarmAt).toBe(7);
    db.commit();
    const restarted = new SharedDeviceStore(openDatabase(path), "device");
    expect(restarted.readAccount()).toEqual(account);
    expect(restarted.alarmAt).toBe(7);
    restarted.clearAlarm();
    expect(new SharedDeviceStore(openDatabase(), "device").alarmAt).toBeNull();
  });

  test("P7.1 a device that is only asked after leaves no row", () => {
    const db = openDatabase();
    const writer = new ObjectWriter(db);
    const store = new SharedDeviceStore(db, "stranger", writer);
    expect(store.readAccount()).toBeNull();
    expect(store.listMail()).toEqual([]);
    expect(writer.isPending).toBe(false);
    expect(db.get("SELECT count(*) AS n FROM devices")).toEqual({ n: 0 });
  });
});
