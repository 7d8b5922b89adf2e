/** A broadcast on a small machine to members that sleep: workerd opens a database for every object that is asked anything. */
import { expect, test } from "vitest";
import { PushServer } from "../../../sdk/server/mod.ts";
import { demoOf, serve, startMesh } from "../support/mesh.ts";
import { temporaryFolder } from "../support/process.ts";
import { RawDevice } from "../support/raw-device.ts";

const DESCRIPTORS = 300;
/** At least twice as many as this process has awake without a link. */
const SLEEPING = 40;
const PARALLEL = 8;
/** Less than the five tries of a call that fails take: 7.5 s at the least (core/backoff.ts). */
const SOON_MS = 7_000;

test("B8 B14 B15 P8.5 members for whose objects there is no room are offline, and hold up no broadcast", async () => {
  const data = temporaryFolder();
  const before = await startMesh(data);
  const app = demoOf(data);
  const make = async () => {
    const device = await RawDevice.greet(before.url);
    const registration = await device.register(app.appId);
    device.socket.destroy();
    return { account: device.account, ...registration };
  };
  let made = 0;
  const makeAll = async () => {
    while (made++ < SLEEPING) await make();
  };
  await Promise.all(Array.from({ length: PARALLEL }, makeAll));
  const { account, slot } = await make();
  before.process.kill("SIGTERM");
  await before.process.exited;

  const limited = ["/bin/sh", "-c", `ulimit -n ${DESCRIPTORS}; exec "$@"`, "sh"];
  const mesh = serve(["--json", "--port", "0", "--data-dir", data], limited);
  const { url } = JSON.parse(await mesh.stdout.match(/"ready"/));
  const server = new PushServer({ url, keyId: app.keyId, key: app.secret });
  const device = await RawDevice.greet(url, account, [slot]);
  const broadcast = () => server.broadcast({ to: { everyone: true }, data: "x", ttl: 60 });
  const came = async () => {
    for (;;) if ((await device.next()).kind === "broadcasts") return;
  };
  // Nobody knows yet who has no link.
  const { id } = await broadcast();
  await came();
  const sentAt = performance.now();
  const { id: next } = await broadcast();
  await came();
  expect(performance.now() - sentAt).toBeLessThan(SOON_MS);
  // The one that has a link does not say that it has them.
  const ends = async (of: string) => {
    const { owed, failed, offline } = (await server.status(of)) as unknown as Counts;
    return { owed, failed, offline };
  };
  const none: Counts = { owed: 0, failed: 0, offline: 0 };
  await expect.poll(() => ends(id), { timeout: SOON_MS }).toEqual({ ...none, offline: SLEEPING });
  expect(await ends(next)).toEqual(none);
  expect(mesh.stderr.all).toEqual([]);
});

interface Counts {
  readonly owed: number;
  readonly failed: number;
  readonly offline: number;
}
