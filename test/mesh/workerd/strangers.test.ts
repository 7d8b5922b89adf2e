/** What strangers take of a small machine: workerd opens a database for every object that is asked anything. */
import { expect, test } from "vitest";
import { PushServer } from "../../../sdk/server/mod.ts";
import { demoOf, serve } from "../support/mesh.ts";
import { temporaryFolder } from "../support/process.ts";
import { RawAccount, RawDevice } from "../support/raw-device.ts";

/** More than three times as many objects as there are descriptors for. */
const STRANGERS = 400;
const PARALLEL = 8;

test("P8.5 P8.10 accounts without end are refused as documented, and devices and their senders go on", async () => {
  const data = temporaryFolder();
  const limited = ["/bin/sh", "-c", 'ulimit -n 300; exec "$@"', "sh"];
  const mesh = serve(["--json", "--port", "0", "--data", data], limited);
  const { url } = JSON.parse(await mesh.stdout.match(/"ready"/));
  const demo = demoOf(data);
  const push = new PushServer({ url, keyId: demo.keyId, key: demo.secret, attempts: 1 });
  const device = await RawDevice.greet(url);
  const { regId } = await device.register(demo.appId);

  const answers = new Map<number, number>();
  const flood = async () => {
    for (let n = 0; n < STRANGERS / PARALLEL; n++) {
      const status = await new RawAccount().open(url).then(
        () => 201,
        (error: Error) => Number(/no account: (\d+)/.exec(error.message)?.[1] ?? 0),
      );
      answers.set(status, (answers.get(status) ?? 0) + 1);
    }
  };
  let isOver = false;
  const floods = Promise.all(Array.from({ length: PARALLEL }, flood)).finally(() => {
    isOver = true;
  });
  let sent = 0;
  do {
    const answer = await push.send({ to: regId, data: `${sent}` }, { respondAsync: true });
    expect(answer).toMatchObject({ status: "queued" });
    await (await RawDevice.greet(url, device.account)).socket.destroy();
    sent++;
  } while (!isOver);
  await floods;
  expect([...answers.keys()].sort()).toEqual([201, 503]);
  expect(sent).toBeGreaterThan(0);
});
