/** Messages from devices to their app's server, through the SDKs and a real mesh. */
import { expect, test } from "vitest";
import type { WebhookEventBody, WebhookWithSecretBody } from "../../../schema/http.ts";
import { HOST } from "../../support/host.ts";
import { SOON } from "../../support/soon.ts";
import { demoOf, startMesh } from "../support/mesh.ts";
import { Phone } from "../support/phone.ts";
import { temporaryFolder } from "../support/process.ts";
import { shared } from "../support/shared-mesh.ts";
import { signedCall } from "../support/signed-call.ts";
import { Receiver } from "./support/receiver.ts";

const mesh = shared((atEnd) =>
  startMesh(temporaryFolder(atEnd), 0, HOST, atEnd, ["--webhooks", "private"]),
);

test("U1 U2 what a device sends reaches its app's server once, and the device is told", async () => {
  const { appId, url, keyId, secret: key } = demoOf(mesh().data);
  const server = { url, keyId, secret: key };
  const phone = new Phone(mesh().url, appId);
  const regId = await phone.on();
  // Nobody takes it.
  await expect(phone.client.sendUpstream({ lost: true })).rejects.toMatchObject({
    code: "webhook_missing",
  });
  const receiver = await Receiver.open();
  const settings = { url: receiver.url, events: ["upstream"] };
  const { id, secret } = await signedCall<WebhookWithSecretBody>(
    server,
    "POST",
    "/v1/webhooks",
    settings,
  );
  await phone.client.sendUpstream({ seen: 1 }, { key: "seen 1" });
  await phone.client.sendUpstream({ seen: 2 }, { key: "seen 1" });
  await phone.client.sendUpstream("hello");
  await phone.client.sendUpstream(Uint8Array.of(0, 255));
  await expect(phone.client.sendUpstream("x".repeat(4_097))).rejects.toMatchObject({
    code: "command_invalid",
  });
  const events = (): readonly WebhookEventBody[] => receiver.events(secret);
  await expect.poll(() => events().length, SOON).toBe(3);
  expect(events()).toMatchObject([
    {
      type: "upstream",
      regId,
      key: Buffer.from("seen 1").toString("base64url"),
      data: { seen: 1 },
    },
    { type: "upstream", regId, data: "hello" },
    { type: "upstream", regId, dataBase64: "AP8=" },
  ]);
  // The same process comes back with a message that it may have sent before.
  await phone.off();
  expect(await phone.on()).toBe(regId);
  await phone.client.sendUpstream({ seen: 1 }, { key: "seen 1" });
  await phone.client.sendUpstream("last");
  await expect.poll(() => events().length, SOON).toBe(4);
  expect(events().at(-1)).toMatchObject({ data: "last" });
  await signedCall(server, "DELETE", `/v1/webhooks/${id}`);
});
