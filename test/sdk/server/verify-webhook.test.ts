/** Requests of webhooks as the server SDK reads them. */
import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { formatWebhookSecret, signedHeaders } from "../../../core/webhook/sign.ts";
import { PushServerError, verifyWebhook } from "../../../sdk/server/mod.ts";

const NOW = 1_793_491_200_000;
const now = () => NOW;

const secret = randomBytes(32);
const text = formatWebhookSecret(secret);
const other = formatWebhookSecret(randomBytes(32));
const events = [{ id: "evt_1", type: "clicked", at: NOW, regId: "r", messageId: "m" }];
const body = JSON.stringify({
  type: "events",
  timestamp: new Date(NOW).toISOString(),
  data: events,
});
const id = "msg_0_abc";

const signed = (at = NOW, secrets = [{ secret, until: null as number | null }]) =>
  signedHeaders({ id, body }, secrets, at);

test("Q3 a request of the mesh is read from fetch and from Node, as text and as bytes", async () => {
  const headers = signed();
  const fetched = new Request("https://a.example/", { method: "POST", headers, body });
  expect(await verifyWebhook(fetched, text, { now })).toEqual({ id, events });
  expect(await verifyWebhook({ headers, body }, text, { now })).toEqual({ id, events });
  const bytes = new TextEncoder().encode(body);
  expect(await verifyWebhook({ headers, body: bytes }, [other, text], { now })).toEqual({
    id,
    events,
  });
});

test("Q3 it reads what the scheme's own library signs", async () => {
  const at = new Date();
  const signature = new Webhook(text).sign(id, at, body);
  const headers = {
    "webhook-id": id,
    "webhook-timestamp": `${Math.floor(at.getTime() / 1_000)}`,
    "webhook-signature": `v1a,AAAA v1,AAAA ${signature}`,
  };
  expect(await verifyWebhook({ headers, body }, text)).toMatchObject({ id });
});

test("Q9 during a rotation either secret reads it", async () => {
  const next = randomBytes(32);
  const headers = signed(NOW, [
    { secret: next, until: null },
    { secret, until: NOW + 1 },
  ]);
  for (const one of [text, formatWebhookSecret(next)])
    expect(await verifyWebhook({ headers, body }, one, { now })).toMatchObject({ id });
});

test.each<[string, Readonly<Record<string, string>>, string, string]>([
  ["another body", signed(), `${body} `, text],
  ["another id", { ...signed(), "webhook-id": "msg_0_b" }, body, text],
  ["another time", { ...signed(), "webhook-timestamp": `${NOW / 1_000 - 1}` }, body, text],
  ["no time", { ...signed(), "webhook-timestamp": "" }, body, text],
  ["another secret", signed(), body, other],
  ["no signature", { ...signed(), "webhook-signature": "" }, body, text],
  ["a cut signature", { ...signed(), "webhook-signature": "v1,AAAA" }, body, text],
  ["an age of six minutes", signed(NOW - 360_000), body, text],
  ["a time in the future", signed(NOW + 360_000), body, text],
])("Q3 what was changed, forged or is old is refused: %s", async (_, headers, sent, key) => {
  const reading = verifyWebhook({ headers, body: sent }, key, { now });
  await expect(reading).rejects.toMatchObject({ code: "webhook_invalid" });
});

test.each(["", "whsec_", "whsec_äöü", undefined])(
  "Q3 a secret that is none is told: %s",
  async (key) => {
    const reading = verifyWebhook({ headers: signed(), body }, key as string, { now });
    await expect(reading).rejects.toThrow(PushServerError);
    await expect(reading).rejects.toMatchObject({ code: "option_invalid" });
  },
);
