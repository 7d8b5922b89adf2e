/** Lists of messages by their label, as an app's server and the command line see them. */
import { expect, test } from "vitest";
import type { MessagesAnswerBody, SendAnswerBody } from "../../../schema/http.ts";
import { PushServer } from "../../../sdk/server/mod.ts";
import { HOST } from "../../support/host.ts";
import { SOON } from "../../support/soon.ts";
import { demoOf, startMesh } from "../support/mesh.ts";
import { Phone } from "../support/phone.ts";
import { temporaryFolder } from "../support/process.ts";
import { shared } from "../support/shared-mesh.ts";
import { signedCall } from "../support/signed-call.ts";

const mesh = shared((atEnd) => startMesh(temporaryFolder(atEnd), 0, HOST, atEnd));

function server() {
  const { url, keyId, secret } = demoOf(mesh().data);
  return { url, keyId, secret };
}

const list = (query: string) =>
  signedCall<MessagesAnswerBody>(server(), "GET", `/v1/messages?${query}`);

test("F5 messages with a label are listed newest first, by pages and times, whatever carried them", async () => {
  const { appId, url, keyId, secret } = demoOf(mesh().data);
  const push = new PushServer({ url, keyId, key: secret });
  const phone = new Phone(mesh().url, appId);
  const to = await phone.on();
  await phone.client.setAlias("user/9");
  const single = await push.send({ to, data: "1", label: "order 17" });
  await phone.off();
  const queued = await push.send({ to: { alias: "user/9" }, data: "2", label: "order 17" });
  const batch = await push.sendBatch([
    { to, data: "3", label: "order 17" },
    { to, data: "4", label: "other" },
    { to, data: "5" },
  ]);
  const idOf = (result: object | undefined) => (result as SendAnswerBody).id;
  const ids = [idOf(batch.results[0]), idOf(queued.results[0]), single.id];
  const listed = async () => (await list("label=order%2017")).messages.map(({ id }) => id);
  await expect.poll(listed, SOON).toEqual(ids);

  const { messages, next } = await list("label=order%2017&limit=3");
  expect(next).toBeNull();
  expect(messages[2]).toEqual({
    ...{ id: single.id, to, label: "order 17" },
    acceptedAt: (await push.status(single.id)).acceptedAt,
  });
  const two = await list("label=order%2017&limit=2");
  expect(two.messages).toEqual(messages.slice(0, 2));
  const rest = await list(`label=order%2017&limit=2&cursor=${encodeURIComponent(two.next ?? "")}`);
  expect(rest).toEqual({ messages: messages.slice(2), next: null });

  const middle = messages[1]?.acceptedAt ?? 0;
  const after = await list(`label=order%2017&after=${middle}`);
  expect(after.messages).toEqual(messages.filter(({ acceptedAt }) => acceptedAt >= middle));
  const before = await list(`label=order%2017&before=${middle}`);
  expect(before.messages).toEqual(messages.filter(({ acceptedAt }) => acceptedAt < middle));
  expect(await list("label=nobody")).toEqual({ messages: [], next: null });

  const all: string[] = [];
  for await (const { id } of push.messages.list({ label: "order 17", limit: 1 })) all.push(id);
  expect(all).toEqual(ids);
});

test("F5 a query below, above or beside its bounds is refused and names the field", async () => {
  const refused = (query: string) => list(query).catch((error: Error) => error.message);
  for (const [query, field] of [
    ["", "label"],
    ["label=", "label"],
    [`label=${"x".repeat(65)}`, "label"],
    ["label=a&limit=0", "limit"],
    ["label=a&limit=101", "limit"],
    ["label=a&after=-1", "after"],
    ["label=a&before=soon", "before"],
    ["label=a&cursor=7", "cursor"],
    ["label=a&page=1", "page"],
  ] as const)
    expect(await refused(query), query).toMatch(new RegExp(`400 .*field_invalid.*${field}`, "s"));
  for (const query of [`label=${"x".repeat(64)}&limit=100`, "label=a&limit=1&after=0"])
    expect(await list(query)).toEqual({ messages: [], next: null });
});
