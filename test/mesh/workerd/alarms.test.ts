/** What falls due at once on a small machine: workerd opens a database for every object whose alarm comes. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { demoOf, readJson, serve, startMesh } from "../support/mesh.ts";
import { temporaryFolder } from "../support/process.ts";
import { type RawAccount, RawDevice } from "../support/raw-device.ts";
import { signedCall } from "../support/signed-call.ts";

const DESCRIPTORS = 300;
/** Devices without a link: their objects, all awake, are more than there are descriptors for. */
const SLEEPING = 90;
const PARALLEL = 12;
/** From the first of the messages until all are over. */
const LIFE_MS = 15_000;
/** An alarm may come a sixteenth of the ttl late, and at least so much. */
const SLACK_MS = 1_000;
/** Each is some requests. */
const ROUNDS = 20;

test("H5 P8.5 messages of more sleeping devices than there are descriptors for expire while no mesh runs, and it starts and goes on", async () => {
  const data = temporaryFolder();
  const before = await startMesh(data);
  const app = { ...demoOf(data), url: before.url };
  const made: RawAccount[] = [];
  const make = async () => {
    const device = await RawDevice.greet(app.url);
    const { regId } = await device.register(app.appId);
    device.socket.destroy();
    return { account: device.account, regId };
  };
  const send = (to: string, ttl: number) =>
    signedCall<{ status: string }>(app, "POST", "/v1/messages", { to, data: "x", ttl });
  let overAt = Date.now() + LIFE_MS;
  const makeAll = async () => {
    while (made.length < SLEEPING) {
      const { account, regId } = await make();
      made.push(account);
      const ttl = Math.max(1, Math.floor((overAt - Date.now()) / 1_000));
      await send(regId, ttl);
      // On a machine that needs longer for all of them.
      overAt = Math.max(overAt, Date.now() + ttl * 1_000);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, makeAll));
  const { account, regId } = await make();
  before.process.kill("SIGKILL");
  await before.process.exited;
  await sleep(Math.max(0, overAt + SLACK_MS - Date.now()));

  const limited = ["/bin/sh", "-c", `ulimit -n ${DESCRIPTORS}; exec "$@"`, "sh"];
  const mesh = serve(["--json", "--port", "0", "--data-dir", data], limited);
  app.url = JSON.parse(await mesh.stdout.match(/"ready"/)).url;
  const pid = readJson(join(data, "run", "workerd.pid"));
  const device = await RawDevice.greet(app.url, account);
  let peak = 0;
  for (let round = 0; round < ROUNDS; round++) {
    peak = Math.max(peak, readdirSync(`/proc/${pid}/fd`).length);
    expect((await fetch(`${app.url}/healthz`)).status).toBe(200);
    expect(await send(regId, 0)).toMatchObject({ status: "expired" });
    (await RawDevice.greet(app.url, made[0])).socket.destroy();
  }
  device.socket.text("ping");
  expect(await device.socket.next()).toMatchObject({ kind: "text", text: "pong" });
  expect(peak).toBeLessThan(DESCRIPTORS / 2);
  // workerd tells once an hour that one came late, and that one was put off while it began.
  const own = /alarm overdue, running|alarm handler canceled with requestScheduledAlarm/;
  expect(mesh.stderr.all.filter((line) => !own.test(line))).toEqual([]);
});
