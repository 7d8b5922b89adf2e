/** Receipts as an app's default. */
import { join } from "node:path";
import { expect, test } from "vitest";
import type {
  AliasSendAnswerBody,
  BatchAnswerBody,
  SendAnswerBody,
  WebhookWithSecretBody,
} from "../../../schema/http.ts";
import { MeshAdmin } from "../../../sdk/server/admin.ts";
import { HOST } from "../../support/host.ts";
import { SOON } from "../../support/soon.ts";
import { readJson, startMesh } from "../support/mesh.ts";
import { Phone } from "../support/phone.ts";
import { temporaryFolder } from "../support/process.ts";
import { shared } from "../support/shared-mesh.ts";
import { signedCall } from "../support/signed-call.ts";
import { Receiver } from "./support/receiver.ts";

const mesh = shared((atEnd) =>
  startMesh(temporaryFolder(atEnd), 0, HOST, atEnd, ["--webhooks", "private"]),
);

const EVERY_NAME = [{ prefix: "", rule: "open" as const }];

test("Q12 messages of an app whose policy has receipts have them, unless they say no", async () => {
  const { adminToken } = readJson(join(mesh().data, "secrets.json")) as { adminToken: string };
  const admin = new MeshAdmin({ url: mesh().url, token: adminToken });
  const { appId } = await admin.createApp("Shop", { policy: "open" });
  const open = { register: "open" as const, alias: EVERY_NAME, tag: EVERY_NAME };
  expect(await admin.setPolicy(appId, { ...open, receipts: true })).toMatchObject({
    receipts: true,
  });
  expect(await admin.policy(appId)).toEqual({ ...open, receipts: true });
  const { keyId, secret: key = "" } = await admin.createKey(appId);
  const post = <Answer>(path: string, body: object) =>
    signedCall<Answer>({ url: mesh().url, keyId, secret: key }, "POST", path, body);
  const receiver = await Receiver.open();
  const { secret } = await post<WebhookWithSecretBody>("/v1/webhooks", { url: receiver.url });
  const phone = new Phone(mesh().url, appId);
  const to = await phone.on();
  await phone.client.setAlias("user/7");
  await phone.client.subscribe(["news"]);
  const quiet = await post<SendAnswerBody>("/v1/messages", { to, data: "x", receipts: false });
  const single = await post<SendAnswerBody>("/v1/messages", { to, data: "x" });
  const alias = await post<AliasSendAnswerBody>("/v1/messages", {
    ...{ to: { alias: "user/7" }, data: "x" },
  });
  const batch = await post<BatchAnswerBody>("/v1/messages/batch", {
    messages: [
      { to, data: "y" },
      { to, data: "z", receipts: false },
    ],
  });
  // Broadcasts have none, and are not refused for it.
  await post("/v1/messages", { to: { tag: "news" }, data: "x" });
  const idOf = (result: object | undefined) => (result as { id?: string }).id;
  const expected = [single.id, idOf(alias.results[0]), idOf(batch.results[0])];
  const told = () =>
    receiver.events(secret).map((event) => "messageId" in event && event.messageId);
  await expect.poll(() => told().length, SOON).toBe(3);
  expect(told().toSorted()).toEqual(expected.toSorted());
  expect(told()).not.toContain(quiet.id);
  await phone.off();
});
