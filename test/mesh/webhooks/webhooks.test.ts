/** Webhooks as an app server manages and receives them. */
import { expect, test } from "vitest";
import type {
  SendAnswerBody,
  WebhookBody,
  WebhooksAnswerBody,
  WebhookTestBody,
  WebhookWithSecretBody,
} from "../../../schema/http.ts";
import { HOST } from "../../support/host.ts";
import { SOON } from "../../support/soon.ts";
import { type DemoFile, demoOf, startMesh } from "../support/mesh.ts";
import { Phone } from "../support/phone.ts";
import { temporaryFolder } from "../support/process.ts";
import { shared } from "../support/shared-mesh.ts";
import { signedCall } from "../support/signed-call.ts";
import { Receiver, verified } from "./support/receiver.ts";

const mesh = shared((atEnd) =>
  startMesh(temporaryFolder(atEnd), 0, HOST, atEnd, ["--webhooks", "private"]),
);

const serverOf = ({ url, keyId, secret }: DemoFile) => ({ url, keyId, secret });
const server = () => serverOf(demoOf(mesh().data));

const create = (url: string, settings: object = {}) =>
  signedCall<WebhookWithSecretBody>(server(), "POST", "/v1/webhooks", { url, ...settings });

test("Q1 a webhook is created with a secret that no other answer has, changed, rotated and deleted", async () => {
  const created = await create("http://127.0.0.1:9/a", { events: ["clicked"], description: "π" });
  const { secret, ...webhook } = created;
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(webhook).toMatchObject({
    ...{ url: "http://127.0.0.1:9/a", events: ["clicked"], description: "π", disabled: null },
  });
  const path = `/v1/webhooks/${created.id}` as const;
  const listed = await signedCall<WebhooksAnswerBody>(server(), "GET", "/v1/webhooks");
  expect(listed.webhooks).toEqual([webhook]);
  const changes = { url: "http://127.0.0.1:9/b", disabled: true };
  const changed = await signedCall<WebhookBody>(server(), "PATCH", path, changes);
  expect(changed).toMatchObject({ url: changes.url, events: ["clicked"], description: "π" });
  expect(changed.disabled?.reason).toBe("asked");
  const unchanged = await signedCall<WebhookBody>(server(), "PATCH", path, {});
  expect(unchanged).toEqual(changed);
  const all = { events: null, disabled: false };
  const enabled = await signedCall<WebhookBody>(server(), "PATCH", path, all);
  expect(enabled).toEqual({ ...changed, ...all, disabled: null });
  const rotated = await signedCall<WebhookWithSecretBody>(server(), "POST", `${path}/rotate`, {});
  expect(rotated.secret).not.toBe(secret);
  await signedCall(server(), "DELETE", path);
  await expect(signedCall(server(), "GET", path)).rejects.toThrow(/webhook_not_found|404/);
});

test("Q10 how messages with receipts end is told, once each, and nothing of the others", async () => {
  const { appId } = demoOf(mesh().data);
  const receiver = await Receiver.open();
  const { id, secret } = await create(receiver.url);
  const phone = new Phone(mesh().url, appId);
  const to = await phone.on();
  const send = (fields: object) =>
    signedCall<SendAnswerBody>(server(), "POST", "/v1/messages", { to, data: "x", ...fields });
  const delivered = await send({ receipts: true, label: "order 17" });
  expect(delivered.status).toBe("delivered");
  await send({});
  await phone.off();
  const expired = await send({ receipts: true, ttl: 0 });
  expect(expired.status).toBe("expired");
  await expect.poll(() => receiver.events(secret).length, SOON).toBe(2);
  const events = receiver.events(secret);
  expect(events).toMatchObject([
    { type: "delivered", regId: to, messageId: delivered.id, label: "order 17" },
    { type: "expired", regId: to, messageId: expired.id },
  ]);
  expect(new Set(events.map((event) => event.id)).size).toBe(2);
  await signedCall(server(), "DELETE", `/v1/webhooks/${id}`);
});

test("Q2 a test tells what the receiver answered, and its own library verifies the request", async () => {
  const receiver = await Receiver.open();
  receiver.answer = (response) => void response.writeHead(418).end("short and stout");
  const { id, secret } = await create(receiver.url);
  const path = `/v1/webhooks/${id}/test` as const;
  const told = await signedCall<WebhookTestBody>(server(), "POST", path, {});
  expect(told).toMatchObject({
    ...{ delivered: false, status: 418, error: "it answered 418", body: "short and stout" },
  });
  const [received] = receiver.received;
  if (received === undefined) throw new Error("nothing came");
  expect(received.id).toBe(told.id);
  const { data } = verified(received, secret);
  expect(data).toMatchObject([{ type: "test" }]);
  await signedCall(server(), "DELETE", `/v1/webhooks/${id}`);
});
