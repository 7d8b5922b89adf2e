/** Links of guests against devices, on a host whose objects take no descriptors. test/mesh/workerd/strangers.test.ts is about the other. */
import { expect, onTestFinished, test } from "vitest";
import { demoOf, serve } from "../support/mesh.ts";
import { Phone } from "../support/phone.ts";
import { temporaryFolder } from "../support/process.ts";
import { hello, offer, RawAccount } from "../support/raw-device.ts";
import { RawSocket } from "../support/raw-socket.ts";

/** A mesh with so few descriptors that an attack with hundreds takes them all. */
async function startSmall(data: string): Promise<{ url: string; mesh: ReturnType<typeof serve> }> {
  const limited = ["/bin/sh", "-c", 'ulimit -n 300; exec "$@"', "sh"];
  const mesh = serve(["--json", "--port", "0", "--data-dir", data], limited);
  const { url } = JSON.parse(await mesh.stdout.match(/"ready"/));
  return { url, mesh };
}

test("P8.5 links of accounts without a registration give way to devices that have one", async () => {
  const data = temporaryFolder();
  const { url, mesh } = await startSmall(data);
  const phone = new Phone(url, demoOf(data).appId);
  const regId = await phone.on();
  phone.off();
  for (let i = 0; i < 180; i++) {
    const account = await new RawAccount().open(url);
    const guest = await RawSocket.open(url, offer(account.token()));
    onTestFinished(() => guest.destroy());
    guest.binary(hello());
    // Its welcome, or that there is no room for more of its kind.
    await guest.next();
  }
  expect(await phone.on()).toBe(regId);
  expect(await phone.client.ping()).toBeGreaterThanOrEqual(0);
  expect(mesh.stderr.all).toEqual([]);
});
