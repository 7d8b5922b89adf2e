import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import type { LinkSnapshot } from "../../core/device/link/snapshot.ts";
import { SNAPSHOT_CURSORS } from "../../core/device/tags/cursors.ts";
import { SqlDeviceStore } from "../../objects/storage/device-store.ts";
import { LIMITS } from "../../schema/limits.ts";
import { hello } from "../core/device/support/frames.ts";
import { Client } from "./support/client.ts";
import { countWrites } from "./support/rows.ts";

describe("rows a device object writes", () => {
  test("P6.1 a message that is acknowledged in time: none", async () => {
    const client = await Client.create();
    const { socket, app } = await client.online();
    const written = await countWrites(client.stub);
    for (let i = 0; i < 5; i++) {
      const answer = client.send(app);
      socket.acknowledge(await socket.messages());
      expect(await answer).toMatchObject({ status: "delivered" });
    }
    expect(written()).toEqual({ rows: 0, alarms: 0 });
  });

  test("P6.2 a queued message: one to insert and one to delete, and one alarm for all of them", async () => {
    const client = await Client.create();
    const { socket, app } = await client.online();
    const written = await countWrites(client.stub);
    for (let i = 0; i < 10; i++) {
      expect(await client.send(app, { waitMs: 0 })).toMatchObject({ status: "queued" });
    }
    expect(written()).toEqual({ rows: 10, alarms: 1 });
    for (let i = 0; i < 10; i++) socket.acknowledge(await socket.messages());
    await socket.synced();
    expect(written()).toEqual({ rows: 20, alarms: 1 });
  });

  test("P6.3 a heartbeat: none", async () => {
    const client = await Client.create();
    const { socket } = await client.online();
    const written = await countWrites(client.stub);
    socket.send("ping");
    expect(await socket.next()).toBe("pong");
    expect(written()).toEqual({ rows: 0, alarms: 0 });
  });

  test("P6.4 a connect and its disconnect: two", async () => {
    const client = await Client.create();
    const { socket } = await client.online();
    socket.close();
    await socket.closed;
    const written = await countWrites(client.stub);
    const again = await client.dial();
    again.send(hello({ attach: [1] }));
    await again.expect("welcome");
    await again.synced();
    expect(written()).toEqual({ rows: 1, alarms: 0 });
    again.close();
    await again.closed;
    await expect.poll(() => written()).toEqual({ rows: 2, alarms: 0 });
  });

  test("P6.4 a link that the mesh closes, or that ends while the object sleeps: one", async () => {
    const client = await Client.create();
    const { socket } = await client.online();
    const written = await countWrites(client.stub);
    await client.stub.drain();
    await socket.closed;
    expect(written()).toEqual({ rows: 1, alarms: 0 });
    const asleep = await client.connect();
    const link = () =>
      runInDurableObject(client.stub, (_, { storage }) =>
        new SqlDeviceStore(storage.sql, "name").readLink(),
      );
    const atConnect = await link();
    await evictDurableObject(client.stub);
    asleep.close();
    await asleep.closed;
    const atClose = await link();
    expect(atClose?.lastSeenMs).toBeGreaterThanOrEqual(atConnect?.lastSeenMs ?? Infinity);
    expect(atClose?.seqFloor).toBeGreaterThan(atConnect?.seqFloor ?? Infinity);
  });

  test("P6.2 an unregister: one row, and the alarm for what it owes its tags", async () => {
    const client = await Client.create();
    const { socket } = await client.online();
    const written = await countWrites(client.stub);
    socket.command({ kind: "unregister", value: { request: 1, slot: 1 } });
    await socket.expect("unregistered");
    expect(written()).toEqual({ rows: 1, alarms: 1 });
  });

  test("P8.1 the snapshot of a device at its limits fits the attachment with room", async () => {
    const client = await Client.create();
    await client.online();
    await runInDurableObject(client.stub, (_, state) => {
      const [server] = state.getWebSockets();
      const stored: unknown = server?.deserializeAttachment();
      const seq = Number.MAX_SAFE_INTEGER;
      const slots = Array.from({ length: LIMITS.REGISTRATIONS }, (_, i) => i + 33);
      const session = "x".repeat(22);
      const snapshot: LinkSnapshot = {
        session,
        previousSession: session,
        ready: true,
        seqReserve: seq,
        attached: slots,
        lapsed: slots,
        sent: slots.map((slot) => [slot, seq, seq, seq]),
        live: slots,
        cursors: Array.from({ length: SNAPSHOT_CURSORS }, () => [0x7fff_ffff, seq, seq]).flat(),
        recent: new Uint8Array(24 * LIMITS.RECENT_KEYS),
      };
      // Of a device whose registrations all have keys.
      const sealed = { ...snapshot, sealed: slots.map((slot) => [slot, seq] as const) };
      server?.serializeAttachment(sealed);
      expect(server?.deserializeAttachment()).toEqual(sealed);
      // The tests' snapshot has the form of the object's own.
      expect(Object.keys(snapshot)).toEqual(Object.keys(stored as object));
    });
  });
});
