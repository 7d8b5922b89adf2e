/** Rows that a device object reads when it was not in memory, as SQLite counts them: docs/storage.md has the table. */
import { evictDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { SOON } from "../support/soon.ts";
import { Client, listeningClient, openedApp } from "./support/client.ts";
import { countReads } from "./support/reads.ts";
import { rootOf } from "./support/tags.ts";

test("P6.7 a device object that wakes for a send reads its tables' names, its account, link and registrations, and the mail it holds", async () => {
  const client = await Client.create();
  const { socket, app } = await client.online();
  const reads = await countReads(client.stub);
  await evictDurableObject(client.stub);
  reads.reset();
  const answer = client.send(app);
  socket.acknowledge(await socket.messages());
  expect(await answer).toMatchObject({ status: "delivered" });
  expect(await reads.rows()).toBeLessThanOrEqual(16);
  for (let count = 0; count < 2; count++) {
    await evictDurableObject(client.stub);
    reads.reset();
    expect(await client.send(app, { waitMs: 0 })).toMatchObject({ status: "queued" });
    expect(await reads.rows()).toBeLessThanOrEqual(17);
  }
});

test("P6.7 a connect reads that for the device, and at each of its tags what an attach reads", async () => {
  const { app, appId } = await openedApp();
  const { client, socket } = await listeningClient(appId);
  await expect.poll(async () => (await rootOf(app, "").info())?.members, SOON).toBe(1);
  const tags = ["a", "b", "c"];
  socket.command({ kind: "subscribe", value: { request: 7, slot: 1, add: tags, remove: [] } });
  await socket.expect("done");
  socket.close();
  await socket.closed;
  const nodes = [...tags, ""].map((tag) => rootOf(app, tag));
  const reads = await countReads(client.stub, ...nodes);
  for (const stub of nodes) {
    await stub.info();
    await evictDurableObject(stub);
  }
  await client.stub.drain();
  await evictDurableObject(client.stub);
  reads.reset();
  const again = await client.connect({ attach: [1] });
  await again.synced();
  // Each of the four nodes reads 7 once it is asked, the device some 20.
  await expect.poll(reads.rows, SOON).toBeGreaterThanOrEqual(44);
  expect(await reads.rows()).toBeLessThanOrEqual(60);
});
