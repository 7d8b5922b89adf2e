/** Aliases in the process that holds them all: what they write, and what a disk that fails changes. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { aliasObjectName } from "../../../../core/tag/name.ts";
import { Mesh } from "../../../../hosts/deno/objects/mesh.ts";
import { Database } from "../../../../hosts/deno/store/database.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import {
  databasePath,
  newApp,
  openMesh,
  passTime,
  quiet,
  TestDevice,
  testKeyring,
} from "../support/mesh.ts";
import { countRows } from "../support/rows.ts";
import { fakeTime } from "../support/time.ts";

afterEach(() => {
  vi.useRealTimers();
});

const alias = "имя";
const IDLE_AND_SWEPT_MS = 12_500;

describe("an alias", () => {
  test("A1 changes hands once the former holder says no more that it has it, in 5 rows", async () => {
    const { mesh, db, reported } = openMesh();
    const of = newApp();
    const { app } = of;
    const [one, other] = [await TestDevice.create(mesh), await TestDevice.create(mesh)];
    const { link } = await one.online(of);
    await other.online(of);
    const set = { app, generation: 1, alias, held: true, shared: false };
    const described = async (device: TestDevice) =>
      (await device.host.describe({ app, generation: 1 })) as { aliases: readonly string[] };
    expect(await one.host.setAlias(set)).toEqual({ ok: true });
    expect((await described(one)).aliases).toEqual([alias]);
    await quiet(mesh);
    const written = countRows(db);
    expect(await other.host.setAlias(set)).toEqual({ ok: true });
    await quiet(mesh);
    // The former holder's row twice, suspended and then gone; the alias's; the new holder's twice, asked and held.
    expect(written()).toBe(5);
    expect((await described(one)).aliases).toEqual([]);
    expect((await described(other)).aliases).toEqual([alias]);
    await link.device.expect("aliasLost");
    const { holders } = await mesh.aliases.get(aliasObjectName(app, alias)).holders();
    expect(holders).toMatchObject([{ device: other.host.name, generation: 1 }]);
    expect(reported).toEqual([]);
  });

  test("P4.2 P8.1 is not told before it is stored, and leaves memory when nobody asks", async () => {
    fakeTime();
    const { mesh, db } = openMesh();
    const { app } = newApp();
    const object = mesh.aliases.get(aliasObjectName(app, alias));
    const request = { app, alias, holder: { device: "a", generation: 1 }, shared: true };
    const set = object.set(request);
    const asked = object.holders();
    let told = 0;
    for (const call of [set, asked]) void call.then(() => told++);
    for (let i = 0; i < 100; i++) await Promise.resolve();
    expect(told).toBe(0);
    db.commit();
    expect(await set).toEqual({ ok: true });
    await asked;
    const failing = Promise.allSettled([
      object.set({ ...request, holder: { device: "b", generation: 1 } }),
    ]);
    await Promise.resolve();
    // Another writer of the same transaction makes it fail.
    expect(() => db.run("INSERT INTO devices (name, account) VALUES ('x', NULL)")).toThrow();
    expect(await failing).toMatchObject([{ status: "rejected", reason: { row: { status: 503 } } }]);
    expect((await object.holders()).holders).toEqual([request.holder]);
    await passTime(mesh, IDLE_AND_SWEPT_MS);
    expect(mesh.aliases.counts).toEqual({ awake: 0, known: 0 });
  });
});

describe("what an alias remembers of a message that one device took", () => {
  const holder = { device: "a", generation: 1 };
  const key = new Uint8Array(9).fill(7);
  const taken = [{ holder, seq: 5, fingerprint: null }];
  const isKept = { name: expect.any(String) };

  test("A3 P2.2 P8.12 costs one row, outlasts its holders and a start, and goes when its time is over", async () => {
    fakeTime();
    const path = databasePath();
    const { app } = newApp();
    const name = aliasObjectName(app, alias);
    const before = new Database(path);
    const report = (error: unknown) => {
      throw error;
    };
    const first = new Mesh({ db: before, keyring: testKeyring, report });
    const object = first.aliases.get(name);
    await object.set({ app, alias, holder, shared: true });
    const written = countRows(before);
    await object.firstAck({ app, alias, holder, key, seq: 5, fingerprint: null });
    await object.firstAck({ app, alias, holder, key, seq: 5, fingerprint: null });
    expect(written()).toBe(1);
    await object.unset({ app, alias, holder });
    await passTime(first, IDLE_AND_SWEPT_MS);
    expect(await object.holders(key)).toEqual({ shared: true, holders: [], taken });
    first.close();

    const { mesh, db } = openMesh(path);
    expect((await mesh.aliases.get(name).holders(key)).taken).toEqual(taken);
    await passTime(mesh, IDLE_AND_SWEPT_MS);
    expect(db.all("SELECT name FROM aliases")).toEqual([isKept]);
    await passTime(mesh, LIMITS.IDEMPOTENCY_KEY_MS);
    await passTime(mesh, IDLE_AND_SWEPT_MS);
    expect(db.all("SELECT name FROM aliases")).toEqual([]);
    expect(mesh.aliases.counts).toEqual({ awake: 0, known: 0 });
  });
});
