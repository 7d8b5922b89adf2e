/** Whose a device is, and what becomes of its registrations. */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { connect, memoryStorage } from "../../sdk/device/mod.ts";
import { PushServer } from "../../sdk/server/push-server.ts";
import { demoOf, type Mesh, readJson, startMesh } from "./support/mesh.ts";
import { temporaryFolder } from "./support/process.ts";

async function deviceOf({ url, data }: Mesh, storage = memoryStorage()) {
  const { appId } = demoOf(data);
  const client = await connect({ url, appId, storage, identifiers: ["serial-4711"] });
  onTestFinished(() => client.close());
  const shown: unknown[] = [];
  client.onMessage((message) => {
    shown.push(message.data);
  });
  return { client, shown };
}

function serverOf({ url, data }: Mesh): PushServer {
  const { keyId, secret } = demoOf(data);
  return new PushServer({ url, keyId, key: secret });
}

/** Ends the mesh, as hard as it can end, and starts it again on its port, with another key in front. */
async function rotate({ process, data, url }: Mesh, kid: number): Promise<Mesh> {
  process.kill("SIGKILL");
  await process.exited;
  const file = join(data, "secrets.json");
  const secrets = readJson(file) as { readonly meshKeys: string };
  const meshKeys = `${kid}:${randomBytes(32).toString("base64url")},${secrets.meshKeys}`;
  writeFileSync(file, JSON.stringify({ ...secrets, meshKeys }));
  return startMesh(data, Number(new URL(url).port));
}

test("S20 a device that brings the identifiers of another is another: the first keeps its link and its registration", async () => {
  const mesh = await startMesh(temporaryFolder());
  const first = await deviceOf(mesh);
  const regId = await first.client.register();
  // Without the storage of the first: a stranger, or the device itself after a reinstall.
  const second = await deviceOf(mesh);
  const other = await second.client.register();
  expect(other).not.toBe(regId);
  const server = serverOf(mesh);
  expect(await server.send({ to: regId, data: "to the first" })).toMatchObject({
    status: "delivered",
  });
  expect(await server.send({ to: other, data: "to the second" })).toMatchObject({
    status: "delivered",
  });
  expect([first.shown, second.shown]).toEqual([["to the first"], ["to the second"]]);
  expect(first.client.state).toBe("connected");
});

test("S21 an ended regId never comes back: not by registering again, nor after a kill, nor under other keys of the mesh", async () => {
  let mesh = await startMesh(temporaryFolder());
  const { client } = await deviceOf(mesh);
  const ended = new Set<string>();
  for (const life of [1, 2, 3]) {
    if (life === 3) {
      mesh = await rotate(mesh, 9);
      client.reconnectNow();
    }
    const regId = await client.register();
    expect(ended).not.toContain(regId);
    const server = serverOf(mesh);
    expect(await server.send({ to: regId, data: "x" })).toMatchObject({ status: "delivered" });
    await client.unregister();
    ended.add(regId);
    for (const each of ended) {
      await expect(server.send({ to: each, data: "x" })).rejects.toMatchObject({
        code: "unregistered",
      });
    }
  }
});
