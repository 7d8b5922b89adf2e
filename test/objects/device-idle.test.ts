import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { SqlDeviceStore } from "../../objects/storage/device-store.ts";
import { LIMITS } from "../../schema/limits.ts";
import { SOON } from "../support/soon.ts";
import { Client } from "./support/client.ts";

const DAY_MS = 86_400_000;

/** The account is one that was found idle on all days but the last. */
function age(client: Client): Promise<void> {
  return runInDurableObject(client.stub, (_, { storage, id }) => {
    const store = new SqlDeviceStore(storage.sql, id.name ?? "");
    const account = store.readAccount();
    const link = store.readLink();
    if (account === null || link === null) throw new Error("nothing is stored");
    const usedAtMs = Date.now() - LIMITS.DEVICE_IDLE_MS - 8 * DAY_MS;
    const looks = LIMITS.DEVICE_IDLE_LOOKS;
    store.writeLink({ ...link, lastSeenMs: usedAtMs });
    const createdAt = usedAtMs;
    const idle = { looks, atMs: Date.now() - DAY_MS, usedAtMs };
    store.writeAccount({ ...account, generation: 50_000_000, createdAt, idle });
  });
}

const tablesOf = (client: Client): Promise<number> =>
  runInDurableObject(
    client.stub,
    (_, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '%cf%'").toArray()
        .length,
  );

test("P8.12 an object that nobody uses erases itself by its own alarm, and is made anew by a registration", async () => {
  const client = await Client.create();
  const { socket, app } = await client.online();
  socket.close();
  await socket.closed;
  await age(client);
  await evictDurableObject(client.stub);
  await expect
    .poll(async () => {
      await runInDurableObject(client.stub, (_, { storage }) =>
        storage.setAlarm(Date.now() + DAY_MS),
      );
      await runDurableObjectAlarm(client.stub);
      return tablesOf(client);
    }, SOON)
    .toBe(0);
  expect(await client.send(app)).toEqual({ ok: false, code: "unregistered" });
  const again = await client.online();
  expect(await tablesOf(client)).toBeGreaterThan(0);
  expect(await client.send(again.app, { waitMs: 0 })).toMatchObject({ status: "queued" });
});
