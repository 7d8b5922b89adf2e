/** What an app's server sees of a device that allows it. */
import { expect, test } from "vitest";
import { PushServer } from "../../../sdk/server/mod.ts";
import { HOST } from "../../support/host.ts";
import { SOON } from "../../support/soon.ts";
import { demoOf, startMesh } from "../support/mesh.ts";
import { Phone } from "../support/phone.ts";
import { temporaryFolder } from "../support/process.ts";
import { shared } from "../support/shared-mesh.ts";
import { Receiver } from "../webhooks/support/receiver.ts";

const mesh = shared((atEnd) =>
  startMesh(temporaryFolder(atEnd), 0, HOST, atEnd, ["--webhooks", "private"]),
);

function setup() {
  const { appId, url, keyId, secret } = demoOf(mesh().data);
  return {
    phone: new Phone(mesh().url, appId),
    server: new PushServer({ url, keyId, key: secret }),
  };
}

test("J19 an app's server sees when a device was last connected if the device allows it, also while it is away, and only as long as it does", async () => {
  const { phone, server } = setup();
  const regId = await phone.on();
  const seen = async () => (await server.registration(regId)).lastSeenAt;
  expect(await seen()).toBeNull();
  const from = Date.now();
  await phone.client.setPresence(true);
  expect(await phone.client.deliveryState()).toMatchObject({ presence: true });
  expect(await seen()).toBeGreaterThanOrEqual(from);
  await phone.off();
  await expect.poll(async () => (await server.registration(regId)).connected, SOON).toBe(false);
  const last = await seen();
  expect(last).toBeGreaterThanOrEqual(from);
  expect(await seen()).toBe(last);
  await phone.on();
  expect(await seen()).toBeGreaterThan(last ?? 0);
  await phone.client.setPresence(false);
  expect(await seen()).toBeNull();
});

test("Q13 a user who disables notifications is told once to webhooks, and stays so until they are allowed", async () => {
  const { phone, server } = setup();
  const receiver = await Receiver.open();
  const { secret } = await server.webhooks.create({ url: receiver.url, events: ["push_disabled"] });
  const regId = await phone.on();
  const enabled = async () => (await server.registration(regId)).pushEnabled;
  expect(await enabled()).toBe(true);
  for (let n = 0; n < 2; n++) await phone.client.setNotificationsAllowed(false);
  expect(await enabled()).toBe(false);
  const told = () =>
    receiver.events(secret).map((event) => [event.type, "regId" in event && event.regId]);
  await expect.poll(told, SOON).toEqual([["push_disabled", regId]]);
  // Messages come as before.
  expect((await server.send({ to: regId, data: "a" }, { wait: 20 })).status).toBe("delivered");
  await phone.client.setNotificationsAllowed(true);
  expect(await enabled()).toBe(true);
  await phone.client.setNotificationsAllowed(false);
  await expect.poll(() => told().length, SOON).toBe(2);
  const ids = new Set(receiver.events(secret).map(({ id }) => id));
  expect(ids.size).toBe(2);
});
