/** What app servers wake on a small machine: workerd opens a database for every object that is asked anything. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { MeshAdmin } from "../../../sdk/server/mod.ts";
import { demoOf, readJson, serve, startMesh } from "../support/mesh.ts";
import { temporaryFolder } from "../support/process.ts";
import { RawDevice } from "../support/raw-device.ts";
import { signedCall } from "../support/signed-call.ts";
import { signedPost } from "../support/signed-post.ts";

const DESCRIPTORS = 300;
/** Devices without a link: their objects, all awake, are more than there are descriptors for. */
const SLEEPING = 80;
const PARALLEL = 24;

test("H5 P8.1 P8.5 sends and a broadcast to more sleeping devices than there are descriptors for wait or are refused, and others go on, also another app's", async () => {
  const data = temporaryFolder();
  const before = await startMesh(data);
  const app = demoOf(data);
  const sleeping: string[] = [];
  const admin = new MeshAdmin({
    url: before.url,
    token: (readJson(join(data, "secrets.json")) as { readonly adminToken: string }).adminToken,
  });
  const { appId } = await admin.createApp("another", { policy: "open" });
  const { keyId, secret = "" } = await admin.createKey(appId);
  const another = { appId, keyId, secret };
  const make = async (of = app.appId) => {
    const device = await RawDevice.greet(before.url);
    const { regId } = await device.register(of);
    device.socket.destroy();
    return { account: device.account, regId };
  };
  const makeAll = async () => {
    while (sleeping.length < SLEEPING) sleeping.push((await make()).regId);
  };
  await Promise.all(Array.from({ length: PARALLEL / 2 }, makeAll));
  const { account, regId: linked } = await make();
  const { regId: others } = await make(appId);
  before.process.kill("SIGTERM");
  await before.process.exited;

  const limited = ["/bin/sh", "-c", `ulimit -n ${DESCRIPTORS}; exec "$@"`, "sh"];
  const mesh = serve(["--json", "--port", "0", "--data-dir", data], limited);
  const { url } = JSON.parse(await mesh.stdout.match(/"ready"/));
  const pid = readJson(join(data, "run", "workerd.pid"));
  const device = await RawDevice.greet(url, account);
  const send = async (to: string, by: typeof another = app) => {
    const body = Buffer.from(JSON.stringify({ to, data: "x" }));
    const more = { prefer: "respond-async" };
    const { status, body: answer } = await signedPost(url, by, body, { more });
    return `${status} ${answer["code"] ?? answer["status"]}`;
  };

  // Its members are all of them, and none was found offline yet.
  await signedCall({ ...app, url }, "POST", "/v1/messages", { to: { everyone: true }, data: "x" });
  const outcomes = new Map<string, number>();
  const sendAll = async () => {
    for (let to = sleeping.pop(); to !== undefined; to = sleeping.pop()) {
      const outcome = await send(to);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
  };
  let isOver = false;
  const sends = Promise.all(Array.from({ length: PARALLEL }, sendAll)).finally(() => {
    isOver = true;
  });
  let peak = 0;
  let sentByAnother = "";
  do {
    // There is no room for the first app then, nor will there be for more than 5 s.
    if (sentByAnother === "" && outcomes.has("503 overloaded"))
      sentByAnother = await send(others, another);
    peak = Math.max(peak, readdirSync(`/proc/${pid}/fd`).length);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(await send(linked)).toBe("202 queued");
  } while (!isOver);
  await sends;
  expect(sentByAnother).toBe("202 queued");
  device.socket.text("ping");
  expect(await device.socket.next()).toMatchObject({ kind: "text", text: "pong" });
  // The broadcast may leave no room to any of them.
  outcomes.delete("202 queued");
  expect([...outcomes.keys()]).toEqual(["503 overloaded"]);
  // Also with the objects of two apps.
  expect(peak).toBeLessThan((DESCRIPTORS * 2) / 3);
  expect(mesh.stderr.all).toEqual([]);
});
