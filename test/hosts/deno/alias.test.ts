/** Aliases in the process that holds them all: what they write, and what a disk that fails changes. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { aliasObjectName } from "../../../core/tag/name.ts";
import { newApp, openMesh, quiet, TestDevice } from "./support/mesh.ts";
import { countRows } from "./support/rows.ts";

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
    vi.useFakeTimers({ toFake: ["Date", "setInterval", "clearInterval"] });
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
    await vi.advanceTimersByTimeAsync(IDLE_AND_SWEPT_MS);
    expect(mesh.aliases.counts).toEqual({ awake: 0, known: 0 });
  });
});
