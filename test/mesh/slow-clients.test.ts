/** Clients that are slow, and more than a mesh has descriptors. */
import { expect, test } from "vitest";
import { PushServer } from "../../sdk/server/mod.ts";
import { HOST } from "../support/host.ts";
import { device } from "./support/device.ts";
import { demoOf, serve } from "./support/mesh.ts";
import { temporaryFolder } from "./support/process.ts";
import { RawDevice } from "./support/raw-device.ts";
import { closed, pipeliners, slowClients } from "./support/slow-clients.ts";

const HALF_A_HEAD = "GET /healthz HTTP/1.1\r\nHost: mesh\r\nX-Slow: ";
const HALF_A_BODY = "POST /v1/devices HTTP/1.1\r\nHost: mesh\r\nContent-Length: 9\r\n\r\n{";

test.each([
  ["half a head", HALF_A_HEAD],
  ["half a body", HALF_A_BODY],
])(
  "H5 P8.5 clients that send %s, more than there are descriptors, neither disturb a link nor keep others out",
  async (_, text) => {
    const data = temporaryFolder();
    const mesh = serve(
      ["--json", "--port", "0", "--data-dir", data],
      ["/bin/sh", "-c", 'ulimit -n 300; exec "$@"', "sh"],
    );
    const { url } = JSON.parse(await mesh.stdout.match(/"ready"/));
    const { client, regId } = await device(url, demoOf(data).appId);
    const slow = await slowClients(url, 400, text);
    // The link goes on as if nothing was, whoever asks is answered, and a device may come back.
    expect(await client.ping()).toBeGreaterThanOrEqual(0);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    client.reconnectNow();
    expect(await client.register()).toBe(regId);
    // Those that had room are closed when their time is over: 10 s for a head. A body has 30, see hosts/support/http-cases.
    if (text === HALF_A_HEAD) await Promise.all(slow.map(closed));
    expect(mesh.stderr.all).toEqual([]);
  },
);

/** More connections than a mesh with 300 descriptors has room for; fewer of one address than its share. */
const PIPELINERS = { deno: 200, workerd: 50 }[HOST];
const ATTACKERS = ["127.0.0.2", "127.0.0.3"];

test("H5 P8.5 clients that ask without end and read nothing, more than there is room for, give way to newcomers and devices", async () => {
  const data = temporaryFolder();
  const mesh = serve(
    ["--json", "--port", "0", "--data-dir", data],
    ["/bin/sh", "-c", 'ulimit -n 300; exec "$@"', "sh"],
  );
  const { url } = JSON.parse(await mesh.stdout.match(/"ready"/));
  const app = demoOf(data);
  const { client, regId } = await device(url, app.appId);
  const away = await RawDevice.greet(url);
  const { regId: awayId } = await away.register(app.appId);
  away.socket.destroy();
  const push = new PushServer({ url, keyId: app.keyId, key: app.secret, attempts: 1 });
  const send = (to: string) => push.send({ to, data: "x" }, { respondAsync: true });
  await send(awayId);

  await pipeliners(url, PIPELINERS, ATTACKERS);
  for (let round = 0; round < 3; round++) {
    const coming = RawDevice.greet(url);
    await expect(coming).resolves.toBeInstanceOf(RawDevice);
    const newcomer = await coming;
    await newcomer.register(app.appId);
    newcomer.socket.destroy();
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    await send(awayId);
    await send(regId);
    expect(await client.ping()).toBeGreaterThanOrEqual(0);
  }
  // A device that was here before, and one that is.
  const back = await RawDevice.greet(url, away.account);
  back.socket.destroy();
  client.reconnectNow();
  expect(await client.register()).toBe(regId);
  expect(mesh.stderr.all).toEqual([]);
});
