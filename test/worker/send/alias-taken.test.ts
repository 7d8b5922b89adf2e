/** A request of `firstAckWins` that is repeated after one holder has taken it, as an app server and the devices see it. */
import { evictDurableObject } from "cloudflare:test";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { aliasObjectName } from "../../../core/tag/name.ts";
import type {
  AliasSendAnswerBody,
  ResultsAnswerBody,
  StatusAnswerBody,
} from "../../../schema/http.ts";
import { toBase64Url } from "../../../schema/text.ts";
import { SOON } from "../../support/soon.ts";
import { createApp, type TestApp } from "../support/app.ts";
import { createRecipient, type Recipient } from "../support/fleet.ts";
import { env } from "../support/mesh.ts";
import { appBytes } from "../support/scripted.ts";
import { ask, get, post } from "../support/server.ts";

let app: TestApp;
let serial = 0;
beforeAll(async () => {
  app = await createApp();
});

const freshName = (): string => `taken-${++serial}`;
const change = (alias: string, fields: object) =>
  ask<ResultsAnswerBody>(app, post("/v1/aliases", { alias, shared: true, ...fields }));

/** One request, to be repeated as often as its sender likes. */
function requestTo(alias: string) {
  const headers = { "idempotency-key": crypto.randomUUID() };
  return (data = "a call") =>
    ask<AliasSendAnswerBody>(app, {
      ...post("/v1/messages", { to: { alias, firstAckWins: true }, data }),
      headers,
    });
}

const aliasObject = (alias: string) => {
  const name = aliasObjectName(toBase64Url(appBytes(app)), alias);
  return env.ALIASES.getByName(name);
};

/** Until the alias has heard who took it: its sender is answered before. */
async function told(alias: string, key: Uint8Array | undefined): Promise<void> {
  await vi.waitFor(async () => {
    expect(await aliasObject(alias).holders(key)).toHaveProperty("taken");
  }, SOON);
}

async function takenByOne(alias: string, taker: Recipient) {
  await change(alias, { add: [taker.regId] });
  const send = requestTo(alias);
  const arrives = taker.link.nextMessage();
  const first = (await send()).body.results;
  expect(first).toMatchObject([{ regId: taker.regId, status: "delivered" }]);
  const key = (await arrives)?.key;
  return { send, first, key };
}

const idOf = (results: AliasSendAnswerBody["results"], regId: string): string => {
  const result = results.find((each) => each.regId === regId);
  if (result === undefined || !("id" in result)) throw new Error("no message");
  return result.id;
};

describe("a repeated request by firstAckWins", () => {
  it.each([
    ["", async () => {}],
    [
      "after the alias's object slept",
      (alias: string) => evictDurableObject(aliasObject(alias) as never),
    ],
  ])("A3 P2.2 is shown to nobody who joined since one has it %s", async (_, over) => {
    const [taker, joined] = [await createRecipient(app), await createRecipient(app)];
    const alias = freshName();
    const { send, first, key } = await takenByOne(alias, taker);
    await told(alias, key);
    await change(alias, { add: [joined.regId] });
    await over(alias);
    const again = await send();
    expect(again.touched).toEqual({ devices: 2, apps: 0, directory: 0, aliases: 1 });
    expect(again.body.results).toMatchObject([first[0], { status: "recalled" }]);
    // Once more, from an edge that remembers both as holders.
    expect((await send()).body.results).toEqual(again.body.results);
    const id = idOf(again.body.results, joined.regId);
    const { body } = await ask<StatusAnswerBody>(app, get(`/v1/messages/${id}`));
    expect(body.status).toBe("recalled");
    expect([taker.link.messages.length, joined.link.messages.length]).toEqual([1, 0]);
  });

  it("A3 P2.2 names who has it though that one has left since, and nobody held the alias meanwhile", async () => {
    const [taker, joined] = [await createRecipient(app), await createRecipient(app)];
    const alias = freshName();
    const { send, first, key } = await takenByOne(alias, taker);
    await told(alias, key);
    await change(alias, { remove: [taker.regId] });
    await change(alias, { add: [joined.regId] });
    const { body } = await send();
    expect(body.results).toMatchObject([
      { regId: joined.regId, status: "recalled" },
      { regId: taker.regId, id: idOf(first, taker.regId), status: "delivered" },
    ]);
    expect(joined.link.messages.length).toBe(0);
  });

  it("P2.2 with another body is refused, whoever joined since, and sent to nobody", async () => {
    const [taker, joined] = [await createRecipient(app), await createRecipient(app)];
    const alias = freshName();
    const { send, key } = await takenByOne(alias, taker);
    await told(alias, key);
    await change(alias, { add: [joined.regId] });
    await expect(send("another")).rejects.toMatchObject({ code: "idempotency_key_reused" });
    expect([taker.link.messages.length, joined.link.messages.length]).toEqual([1, 0]);
  });

  it("A3 goes to who has joined, where nobody has it yet", async () => {
    const [silent, joined] = [await createRecipient(app), await createRecipient(app)];
    silent.link.acknowledge = false;
    const alias = freshName();
    await change(alias, { add: [silent.regId] });
    const body = { to: { alias, firstAckWins: true }, data: "a call" };
    const headers = { "idempotency-key": crypto.randomUUID(), prefer: "respond-async" };
    const send = () => ask<AliasSendAnswerBody>(app, { ...post("/v1/messages", body), headers });
    await send();
    await change(alias, { add: [joined.regId] });
    await send();
    await vi.waitFor(() => expect(joined.link.messages.length).toBe(1), SOON);
    await vi.waitFor(() => expect(silent.link.withdrawn.length).toBe(1), SOON);
  });
});
