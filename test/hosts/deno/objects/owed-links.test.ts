/** Records of links while the disk is full: how many, and which of two stands. */
import { expect, onTestFinished, test, vi } from "vitest";
import { SharedDeviceStore } from "../../../../hosts/deno/store/device-store.ts";
import { OwedLinks } from "../../../../hosts/deno/store/owed-links.ts";
import { spoil } from "../support/disk.ts";
import { databasePath, openDatabase, openMesh, TestDevice } from "../support/mesh.ts";

test("P8.1 as many records as there is room for; the newest of a device is written when it can be", async () => {
  const path = databasePath();
  const db = openDatabase(path);
  for (const name of ["a", "b", "c"])
    db.run("INSERT INTO devices (name, account) VALUES (?, '{}')", name);
  db.commit();
  const owed = new OwedLinks(db, 2);
  expect(owed.owe(1, "works")).toBe(false);
  const mend = spoil(path, "UPDATE ON devices");
  expect(() => db.run("UPDATE devices SET link = 'x'")).toThrow();
  expect([1, 1, 2, 3].map((device, i) => owed.owe(device, `${i}`))).toEqual([
    true,
    true,
    true,
    false,
  ]);
  owed.forget(2);
  mend();
  await vi.waitFor(() => expect(owed.of(1)).toBeUndefined(), { timeout: 10_000 });
  expect(db.all("SELECT link FROM devices ORDER BY id")).toEqual([
    { link: "1" },
    { link: null },
    { link: null },
  ]);
});

test("P1.10 H3 a newer record whose transaction is not stored is owed in place of the older", async () => {
  const path = databasePath();
  const db = openDatabase(path);
  db.run("INSERT INTO devices (name, account) VALUES ('a', '{}')");
  db.commit();
  const store = new SharedDeviceStore(db, "a");
  const record = (session: string) => ({ session, lastSeenMs: 1, tokens: [], seqFloor: 0 });
  const mend = spoil(path, "UPDATE ON devices");
  expect(() => db.run("UPDATE devices SET link = 'x'")).toThrow();
  store.writeLink(record("first"));
  mend();
  db.run("UPDATE devices SET account = '{}'");
  db.commit();
  spoil(path, "INSERT ON mail");
  store.writeLink(record("second"));
  // Another's write ends the transaction of both.
  expect(() => db.run("INSERT INTO mail DEFAULT VALUES")).toThrow();
  expect(new SharedDeviceStore(db, "a").readLink()).toMatchObject({ session: "second" });
  db.owedLinks.stop();
});

test("P2.2 H3 what would be numbered ahead of the clock is refused while that cannot be stored: a kill gives no number twice", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const path = databasePath();
  const before = openMesh(path);
  const device = await TestDevice.create(before.mesh);
  const other = await TestDevice.create(before.mesh);
  const [{ link, app }, full] = [await device.online(), await other.online()];
  const mends = [spoil(path, "INSERT ON mail"), spoil(path, "UPDATE ON devices", "links")];
  // The disk is found to be full.
  await expect(other.send(full.app, { waitMs: 0 })).rejects.toThrow();
  link.lose();
  const again = await device.connect({ attach: [1] });
  await again.device.synced();
  vi.setSystemTime(Date.now() - 600_000);
  const seqs: number[] = [];
  const codes: unknown[] = [];
  for (let i = 0; i < 3; i++) {
    const sent = device.send(app).catch(({ code }) => ({ ok: false as const, code }));
    const first = await Promise.race([again.device.next(), sent]);
    if (typeof first === "object" && "kind" in first && first.kind === "deliver")
      again.device.acknowledge(first.value.messages);
    const answer = await sent;
    if (answer.ok) seqs.push(answer.seq);
    else codes.push(answer.code);
  }
  // The process is killed, and the next finds room.
  for (const mend of mends) mend();
  before.db.owedLinks.stop();
  const { mesh } = openMesh(path);
  const moved = device.movedTo(mesh);
  const last = await moved.connect({ attach: [1] });
  for (let i = 0; i < 3; i++) {
    const sent = moved.send(app);
    last.device.acknowledge(await last.device.messages());
    const answer = await sent;
    expect(answer).toMatchObject({ status: "delivered" });
    if (answer.ok) seqs.push(answer.seq);
  }
  expect([...new Set(seqs)]).toEqual(seqs);
  expect(codes).toEqual(["storage_unavailable", "storage_unavailable", "storage_unavailable"]);
});
