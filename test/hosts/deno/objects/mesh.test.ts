/** All objects of a mesh: the idle ones leave memory, and a sleep changes nothing for anyone. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { StorageError } from "../../../../objects/storage-error.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { hello } from "../../../core/device/support/frames.ts";
import type { DeviceEnd } from "../../../objects/support/device-end.ts";
import { type Sleeper, sleepBetweenEveryTwoSteps } from "../../../objects/support/sleep.ts";
import { spoil } from "../support/disk.ts";
import { databasePath, openedApp, openMesh, passTime, quiet, TestDevice } from "../support/mesh.ts";
import { countRows } from "../support/rows.ts";
import { fakeTime } from "../support/time.ts";

afterEach(() => {
  vi.useRealTimers();
});

const IDLE_AND_SWEPT_MS = 12_500;
/** A ttl of a minute, and the slack that an alarm may take with it. */
const EXPIRED_MS = 65_000;

describe("sleep", () => {
  test.each([false, true])("P1.4 S26 sealed %s: sleeps change nothing", async (isSealed) => {
    const { mesh, reported } = openMesh();
    const device = await TestDevice.create(mesh);
    const sleeper: Sleeper = {
      connect: async (greeting) => (await device.connect(greeting)).device,
      send: (app, fields) => device.send(app, fields),
      status: (request) => device.host.status(request),
      sleep: async () => {
        await quiet(mesh);
        expect(device.host.sleep(Number.POSITIVE_INFINITY)).toBe(true);
      },
      openedApp: () => openedApp(mesh),
    };
    await sleepBetweenEveryTwoSteps(sleeper, isSealed ? mesh.keyring : undefined);
    expect(reported).toEqual([]);
  });

  test("an idle device with a link leaves memory but for its socket, and the next message wakes it", async () => {
    fakeTime();
    const { mesh } = openMesh();
    const device = await TestDevice.create(mesh);
    const { link, app } = await device.online();
    expect(mesh.counts).toEqual({ awake: 1, known: 1 });
    await passTime(mesh, IDLE_AND_SWEPT_MS);
    expect(mesh.counts).toEqual({ awake: 0, known: 1 });
    expect(await device.send(app, { waitMs: 0 })).toMatchObject({ status: "queued" });
    expect(mesh.counts).toEqual({ awake: 1, known: 1 });
    expect(await link.device.messages()).toHaveLength(1);
  });

  test("P8.1 an idle device without a link leaves nothing, however it was touched", async () => {
    fakeTime();
    const { mesh } = openMesh();
    const device = await TestDevice.create(mesh);
    const { link, app } = await device.online();
    const key = Uint8Array.from({ length: 9 }, (_, i) => i);
    await mesh.device("stranger").status({ app, generation: 1, seq: 1, key });
    expect(mesh.counts).toEqual({ awake: 2, known: 2 });
    await passTime(mesh, IDLE_AND_SWEPT_MS);
    expect(mesh.counts).toEqual({ awake: 0, known: 1 });
    link.lose();
    await passTime(mesh, IDLE_AND_SWEPT_MS);
    expect(mesh.counts).toEqual({ awake: 0, known: 0 });
    // The one that the test holds is still the one of its name: H7.
    expect(mesh.device(device.host.name)).toBe(device.host);
    expect(
      await mesh.device(device.host.name).openAccount({ publicKey: "p", handoverFrom: null }),
    ).toMatchObject({ ok: false, code: "device_active" });
  });

  test("P1.6 a clock that jumps back keeps nobody in memory", async () => {
    fakeTime();
    const { mesh } = openMesh();
    const device = await TestDevice.create(mesh);
    await device.online();
    vi.setSystemTime(Date.now() - 3_600_000);
    await passTime(mesh, IDLE_AND_SWEPT_MS);
    expect(mesh.counts).toEqual({ awake: 0, known: 1 });
  });

  test("a device that waits for an acknowledgement, or for the disk, stays", async () => {
    const { mesh } = openMesh();
    const device = await TestDevice.create(mesh);
    const { link, app } = await device.online();
    const sleep = (): boolean => device.host.sleep(Number.POSITIVE_INFINITY);
    const live = device.send(app);
    const messages = await link.device.messages();
    expect(sleep()).toBe(false);
    link.device.acknowledge(messages);
    expect(await live).toMatchObject({ status: "delivered" });
    expect(sleep()).toBe(true);
    const queued = device.send(app, { waitMs: 0 });
    expect(sleep()).toBe(false);
    await queued;
    expect(sleep()).toBe(true);
  });

  test("L2 a link that says nothing is closed, though its device slept", async () => {
    fakeTime(Date.now(), ["performance"]);
    const { mesh } = openMesh();
    const device = await TestDevice.create(mesh);
    const link = device.dial();
    await quiet(mesh);
    expect(device.host.sleep(Number.POSITIVE_INFINITY)).toBe(true);
    await passTime(mesh, 10_000);
    expect(await link.device.closed).toMatchObject({ code: 4001 });
  });

  test("P4.5 the alarm ends what has expired, after a sleep and after a restart", async () => {
    fakeTime();
    const path = databasePath();
    const first = openMesh(path);
    const device = await TestDevice.create(first.mesh);
    const { link, app } = await device.online();
    link.lose();
    const key = Uint8Array.from({ length: 9 }, (_, i) => i);
    const sent = await device.send(app, { ttlSeconds: 60, waitMs: 0, key });
    await device.send(app, { ttlSeconds: 600, waitMs: 0 });
    const mail = (): unknown => first.db.get("SELECT count(*) AS n FROM mail");
    expect(mail()).toEqual({ n: 2 });
    await passTime(first, EXPIRED_MS);
    expect(mail()).toEqual({ n: 1 });
    const seq = sent.ok ? sent.seq : 0;
    expect(await device.host.status({ app, generation: 1, seq, key })).toMatchObject({
      status: "expired",
    });
    first.mesh.deviceAlarms.stop();

    const second = openMesh(path);
    await passTime(second, 10 * EXPIRED_MS);
    expect(second.db.get("SELECT count(*) AS n FROM mail")).toEqual({ n: 0 });
    // The one that stands is for an account that nobody uses.
    const alarm = second.db.get<{ at: number }>("SELECT at FROM alarms");
    expect(alarm?.at).toBeGreaterThan(Date.now() + LIMITS.DEVICE_IDLE_MS / 2);
  });
});

describe("the gate", () => {
  test("P4.2 nothing of a handler that wrote is out before the commit", async () => {
    const { mesh, db } = openMesh();
    const device = await TestDevice.create(mesh);
    const { link, app } = await device.online();
    let answered = false;
    const queued = device.send(app, { waitMs: 0 }).then(() => {
      answered = true;
    });
    for (let i = 0; i < 100; i++) await Promise.resolve();
    expect(answered).toBe(false);
    expect(link.device.unread).toEqual([]);
    db.commit();
    await queued;
    expect(link.device.unread).toHaveLength(1);
  });

  test("P3.1 a later handler that wrote nothing does not overtake", async () => {
    const { mesh, db } = openMesh();
    const device = await TestDevice.create(mesh);
    const { link, app } = await device.online();
    const stored = device.send(app, { waitMs: 0 });
    // A refusal: written nowhere, and by itself out at once.
    link.device.command({ kind: "detach", value: { slot: 31_337 } });
    for (let i = 0; i < 100; i++) await Promise.resolve();
    expect(link.device.unread).toEqual([]);
    db.commit();
    // Nothing is pending any more, and what waited for the disk is still on its way.
    link.device.command({ kind: "detach", value: { slot: 31_338 } });
    expect(link.device.unread).toEqual([]);
    expect(await stored).toMatchObject({ status: "queued" });
    await link.device.expect("deliver");
    await link.device.expect("refusal");
    await link.device.expect("refusal");
  });

  test("a device that wrote nothing does not wait for the writes of others", async () => {
    const { mesh, db } = openMesh();
    const [busy, idle] = [await TestDevice.create(mesh), await TestDevice.create(mesh)];
    const [{ app: busyApp }, { link, app }] = [await busy.online(), await idle.online()];
    const batch = db.batch;
    const stored = busy.send(busyApp, { waitMs: 0 });
    const live = idle.send(app);
    link.device.acknowledge(await link.device.messages());
    expect(await live).toMatchObject({ status: "delivered" });
    expect(db.isPending(batch)).toBe(true);
    await stored;
  });

  test("L4 a close in the turn of a write reaches the device, behind what was written", async () => {
    const { mesh, db } = openMesh();
    const device = await TestDevice.create(mesh);
    const { link, app } = await device.online();
    const stored = device.send(app, { waitMs: 0 });
    link.device.send("neither a heartbeat nor a frame");
    expect(link.device.unread).toEqual([]);
    db.commit();
    expect(await stored).toMatchObject({ status: "queued" });
    await link.device.expect("deliver");
    expect((await link.device.closed).code).toBe(4202);
    const again = await device.connect({ attach: [1] });
    expect(await again.device.messages()).toHaveLength(1);
  });

  test("L1 a link that is opened in the turn of a write gets nothing of the one before", async () => {
    const { mesh, db } = openMesh();
    const device = await TestDevice.create(mesh);
    const { link, app } = await device.online();
    const stored = device.send(app, { waitMs: 0 });
    link.device.send("neither a heartbeat nor a frame");
    const next = device.dial();
    db.commit();
    await stored;
    await quiet(mesh);
    expect(next.device.unread).toEqual([]);
    next.device.send(hello({ attach: [1] }));
    await next.device.expect("welcome");
    expect(await next.device.messages()).toHaveLength(1);
  });

  test("P4.2 a socket that closes meanwhile does not take the answer with it", async () => {
    const { mesh, db, reported } = openMesh();
    const device = await TestDevice.create(mesh);
    const { link, app } = await device.online();
    const stored = device.send(app, { waitMs: 0 });
    link.lose();
    db.commit();
    expect(await stored).toMatchObject({ ok: true, status: "queued" });
    expect(reported).toEqual([]);
    const again = await device.connect({ attach: [1] });
    expect(await again.device.messages()).toHaveLength(1);
  });

  test("P4.2 where a commit fails nobody in it is told it stands, and the links go on", async () => {
    const { mesh, db } = openMesh();
    const devices = [await TestDevice.create(mesh), await TestDevice.create(mesh)];
    const online = await Promise.all(devices.map((device) => device.online()));
    const sends = Promise.allSettled(
      devices.map((device, i) => device.send(online[i]?.app ?? "", { waitMs: 0 })),
    );
    // Another writer of the same transaction makes it fail.
    expect(() => db.run("INSERT INTO devices (name, account) VALUES ('x', NULL)")).toThrow();
    const refused = { status: "rejected", reason: { row: { status: 503 } } };
    expect(await sends).toMatchObject([refused, refused]);
    for (const { link } of online) expect(link.device.unread).toEqual([]);
    expect(db.get("SELECT count(*) AS n FROM mail")).toEqual({ n: 0 });
    for (const [i, { link, app }] of online.entries()) {
      const live = devices[i]?.send(app);
      link.device.acknowledge(await link.device.messages());
      expect(await live).toMatchObject({ status: "delivered" });
    }
  });
});

describe("a disk that cannot be written", () => {
  test("P4.2 a registration that is not stored is not given out, neither now nor when it is asked for again", async () => {
    const path = databasePath();
    const { mesh, db, reported } = openMesh(path);
    const device = await TestDevice.create(mesh);
    const { appId } = await openedApp(mesh);
    const register = (end: DeviceEnd) =>
      end.command({ kind: "register", value: { request: 1, appId } });
    const mend = spoil(path, "INSERT ON registrations");
    for (let attempt = 0; attempt < 2; attempt++) {
      const link = await device.connect();
      register(link.device);
      expect(await link.device.closed).toMatchObject({ code: 4007 });
      expect(link.device.unread).toEqual([]);
    }
    expect(reported).toHaveLength(2);
    mend();
    const link = await device.connect();
    register(link.device);
    await link.device.expect("registered");
    expect(db.get("SELECT count(*) AS n FROM registrations")).toEqual({ n: 1 });
  });

  test("an acknowledgement or a lost link that cannot be written throws at no socket, and harms no other device", async () => {
    const path = databasePath();
    const { mesh, reported } = openMesh(path);
    const [device, other] = [await TestDevice.create(mesh), await TestDevice.create(mesh)];
    const [{ link, app }, healthy] = [await device.online(), await other.online()];
    await device.send(app, { waitMs: 0 });
    const messages = await link.device.messages();
    let mend = spoil(path, "DELETE ON mail");
    link.device.acknowledge(messages);
    expect(await link.device.closed).toMatchObject({ code: 4007 });
    mend();
    const again = await device.connect({ attach: [1] });
    expect(await again.device.messages()).toEqual(
      messages.map((m) => ({ ...m, replay: true, remainingMs: expect.any(Number) })),
    );
    mend = spoil(path, "UPDATE ON devices");
    again.lose();
    await quiet(mesh);
    const live = other.send(healthy.app);
    healthy.link.device.acknowledge(await healthy.link.device.messages());
    expect(await live).toMatchObject({ status: "delivered" });
    mend();
    const last = await device.connect({ attach: [1] });
    expect(await last.device.messages()).toHaveLength(1);
    for (const error of reported) expect(error).toBeInstanceOf(StorageError);
  });

  test("H3 a tag that cannot be attached leaves the link alone, and is attached when it can", async () => {
    // Before the mesh begins to wait for anything: its one timer must be a faked one.
    vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout", "performance"] });
    const path = databasePath();
    const { mesh, db, reported } = openMesh(path);
    const device = await TestDevice.create(mesh);
    (await device.online()).link.lose();
    await quiet(mesh);
    db.run("UPDATE tag_members SET attached = 0");
    await quiet(mesh);
    for (const node of mesh.nodes.awake) expect(node.sleep(Number.POSITIVE_INFINITY)).toBe(true);
    const link = await device.connect();
    const mend = spoil(path, "INSERT ON tag_members");
    const mendAlarms = spoil(path, "INSERT ON alarms", "alarmed");
    link.device.command({ kind: "attach", value: { slot: 1 } });
    await quiet(mesh);
    await link.device.synced();
    expect(device.host.sleep(Number.POSITIVE_INFINITY)).toBe(false);
    mend();
    mendAlarms();
    await passTime(mesh, 31_000);
    await quiet(mesh);
    expect(db.get("SELECT sum(attached) AS n FROM tag_members")).toEqual({ n: 1 });
    await link.device.synced();
    for (const error of reported) expect(error).toBeInstanceOf(StorageError);
  });

  test("H3 a send and a status that cannot be stored leave the link of the device alone", async () => {
    const path = databasePath();
    const { mesh } = openMesh(path);
    const device = await TestDevice.create(mesh);
    const { link, app } = await device.online();
    const mend = spoil(path, "INSERT ON mail");
    await expect(device.send(app, { waitMs: 0 })).rejects.toMatchObject({ row: { status: 503 } });
    // Nor does one whose acknowledgement does not come in time, and is to be stored then.
    vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout", "performance"] });
    const unanswered = device.send(app, { waitMs: 1_000 });
    await passTime(mesh, 2_000);
    expect(await unanswered).toMatchObject({ ok: false, code: "storage_unavailable" });
    vi.useRealTimers();
    await link.device.messages();
    const live = device.send(app);
    link.device.acknowledge(await link.device.messages());
    expect(await live).toMatchObject({ status: "delivered" });
    mend();
    const stored = device.send(app, { waitMs: 0 });
    link.device.acknowledge(await link.device.messages());
    expect(await stored).toMatchObject({ ok: true });
  });

  test("H3 a device comes and goes while its row cannot be written, which is written when it can", async () => {
    const path = databasePath();
    const { mesh, db } = openMesh(path);
    const device = await TestDevice.create(mesh);
    const { link, app } = await device.online();
    const other = await TestDevice.create(mesh);
    const { app: otherApp } = await other.online();
    const mends = [spoil(path, "INSERT ON mail"), spoil(path, "UPDATE ON devices", "links")];
    // The disk is found to be full.
    await expect(other.send(otherApp, { waitMs: 0 })).rejects.toThrow();
    link.lose();
    for (let i = 0; i < 2; i++) {
      const again = await device.connect({ attach: [1] });
      await again.device.synced();
      await quiet(mesh);
      // Asleep as well: it is woken by what is remembered.
      device.host.sleep(Number.POSITIVE_INFINITY);
      const live = device.send(app);
      again.device.acknowledge(await again.device.messages());
      expect(await live).toMatchObject({ status: "delivered" });
      if (i === 0) again.lose();
    }
    const session = () => db.get<{ link: string }>("SELECT link FROM devices ORDER BY id")?.link;
    const before = session();
    for (const mend of mends) mend();
    await vi.waitFor(() => expect(session()).not.toBe(before), { timeout: 10_000 });
  });

  test("P6.2 asking for a status writes no row, however long the message waits", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const { mesh, db } = openMesh();
    const device = await TestDevice.create(mesh);
    const { link, app } = await device.online();
    link.lose();
    const key = Uint8Array.from({ length: 9 }, (_, i) => i);
    const { seq } = (await device.send(app, { key })) as { seq: number };
    await quiet(mesh);
    const written = countRows(db);
    for (let i = 0; i < 3; i++) {
      device.host.sleep(Number.POSITIVE_INFINITY);
      vi.setSystemTime(Date.now() + 600_000);
      const status = await device.host.status({ app, generation: 1, seq, key });
      expect(status).toEqual({ ok: true, status: "queued" });
    }
    expect(written()).toBe(0);
  });
});
