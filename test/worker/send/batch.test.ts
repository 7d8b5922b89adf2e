/** Many different messages in one request. */
import { beforeAll, describe, expect, it } from "vitest";
import type { BatchAnswerBody, SendAnswerBody } from "../../../schema/http.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { admin, createApp, signed, type TestApp } from "../support/app.ts";
import { createRecipient, type Recipient } from "../support/fleet.ts";
import { fetchCounting } from "../support/mesh.ts";
import { ask, post, refusalOf } from "../support/server.ts";

let app: TestApp;
let one: Recipient;
let two: Recipient;

beforeAll(async () => {
  app = await createApp();
  one = await createRecipient(app);
  two = await createRecipient(app);
});

const PATH = "/v1/messages/batch";
const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

async function send(body: unknown, headers: Record<string, string> = {}) {
  const { response, body: answer } = await ask<BatchAnswerBody>(app, {
    ...post(PATH, body),
    headers,
  });
  return { status: response.status, results: answer.results };
}

const key = (value: string) => ({ "idempotency-key": value });

describe("a batch", () => {
  it("Y5 has a result for each message in order, whatever its target", async () => {
    await ask(app, post("/v1/aliases", { alias: "bob", add: [two.regId] }));
    await ask(app, post("/v1/tags/members", { tag: "y5", add: [one.regId] }));
    const second = two.link.nextMessage();
    const third = one.link.nextBroadcast();
    const { status, results } = await send({
      messages: [
        { to: one.regId, data: { n: 1 } },
        { to: { alias: "bob" }, data: "two", priority: "high" },
        { to: { tag: "y5" }, data: "three" },
      ],
    });
    expect(status).toBe(202);
    expect(results).toMatchObject([
      { id: expect.stringContaining(one.regId), status: "delivered" },
      { results: [{ regId: two.regId, status: "delivered" }] },
      { status: "accepted" },
    ]);
    expect(text(one.link.messages.at(-1)?.data)).toBe('{"n":1}');
    expect(text((await second)?.data)).toBe("two");
    expect(text((await third)?.data)).toBe("three");
  });

  it("Y5 P3.1 keeps the order of messages to one registration", async () => {
    const messages = Array.from({ length: 40 }, (_, n) => ({ to: one.regId, data: `${n}` }));
    const before = one.link.messages.length;
    const { results } = await send({ messages });
    expect(results).toHaveLength(40);
    const seen = one.link.messages.slice(before).map(({ data }) => text(data));
    expect(seen).toEqual(messages.map(({ data }) => data));
    for (const result of results) expect(result).toMatchObject({ status: "delivered" });
  });

  it("Y5 a fault in one message names its field, and fails no other", async () => {
    const arrives = one.link.nextMessage();
    const { status, results } = await send({
      messages: [
        { to: "x", data: "x" },
        { to: one.regId },
        { to: one.regId, data: "x", ttl: -1 },
        { to: one.regId, data: "x", colour: "red" },
        5,
        null,
        { to: { regIds: [one.regId] }, data: "x" },
        { to: one.regId, data: "x", idempotencyKey: "no spaces" },
        { to: one.regId, data: "x", pace: 5 },
        { to: one.regId, data: "y".repeat(LIMITS.DATA_BYTES + 1) },
        { to: one.regId, data: "good" },
      ],
    });
    expect(status).toBe(200);
    expect(results).toMatchObject([
      { error: "reg_id_invalid" },
      { error: "field_invalid", field: "data" },
      { error: "field_invalid", field: "ttl" },
      { error: "field_invalid", field: "colour" },
      { error: "field_invalid" },
      { error: "field_invalid" },
      { error: "field_invalid", field: "to" },
      { error: "field_invalid", field: "idempotencyKey" },
      { error: "field_invalid", field: "pace" },
      { error: "field_invalid", field: "data" },
      { status: "delivered" },
    ]);
    expect(text((await arrives)?.data)).toBe("good");
  });

  it("Y5 P1.8 keeps the digits of numbers; a duplicate member fails its own message alone", async () => {
    const { regId } = one;
    const arrives = one.link.nextMessage();
    const { results } = await send(
      `{ "messages" : [ {"to":"${regId}","data":{"a":1,"a":2}} , {"to":"${regId}", "data": {"n": 1.50, "big": 12345678901234567890, "t": "], }"}}, [] ] }`,
    );
    expect(results).toMatchObject([
      { error: "field_invalid", field: "a" },
      { status: "delivered" },
      { error: "field_invalid" },
    ]);
    const data = (await arrives)?.data;
    expect(text(data)).toBe('{"n":1.50,"big":12345678901234567890,"t":"], }"}');
  });

  it("Y6 P2.2 is safe to repeat: each message has a key of its own, or that of the request and its place", async () => {
    const messages = [
      { to: one.regId, data: "a" },
      { to: one.regId, data: "b", idempotencyKey: "own" },
    ];
    const first = await send({ messages }, key("batch"));
    expect((await send({ messages }, key("batch"))).results).toEqual(first.results);
    const moved = await send({ messages: [messages[1]] }, key("another"));
    expect(moved.results).toEqual([first.results[1]]);
    const other = await send(
      { messages: [{ to: one.regId, data: "c" }, messages[1]] },
      key("batch"),
    );
    expect(other.results).toMatchObject([{ error: "idempotency_key_reused" }, first.results[1]]);
    // Two messages with the same content are two.
    const same = await send({ messages: [messages[0], messages[0]] }, key("same"));
    const [a, b] = same.results as SendAnswerBody[];
    expect(a?.id).not.toBe(b?.id);
  });

  it("Y6 P2.2 copies of one signed request without a key are one batch", async () => {
    const messages = [
      { to: one.regId, data: "a" },
      { to: one.regId, data: "b" },
    ];
    const signing = {
      ...post(PATH, { messages }),
      components: ["@method", "@path", "content-digest"],
      parameters: { nonce: "n-6" },
    };
    const request = await signed(app, signing);
    request.headers.delete("idempotency-key");
    const copy = request.clone() as Request;
    const read = async (each: Request) =>
      ((await (await fetchCounting(each)).response.json()) as BatchAnswerBody).results;
    const results = await read(request);
    expect(results).toMatchObject([{ status: "delivered" }, { status: "delivered" }]);
    expect(await read(copy)).toEqual(results);
  });

  it("Y8 P5.1 lets other requests have their turn, also between messages that fail", async () => {
    let turns = 0;
    const TURN = async () => {
      turns++;
    };
    const messages = Array.from({ length: LIMITS.BATCH_MESSAGES }, () => ({ to: "x", data: "x" }));
    await ask(app, post(PATH, { messages }), { TURN });
    expect(turns).toBeGreaterThanOrEqual(LIMITS.BATCH_MESSAGES / 32);
  });

  it("Y4 S47 takes a token for each message", async () => {
    const limited = await createApp();
    const { regId } = await createRecipient(limited);
    await admin(`/v1/apps/${limited.appId}/quota`, "PUT", { perSecond: 0.01, burst: 2 });
    const messages = [1, 2, 3].map((n) => ({ to: regId, data: `${n}` }));
    const { body } = await ask<BatchAnswerBody>(limited, post(PATH, { messages }));
    expect(body.results).toMatchObject([
      { status: "delivered" },
      { status: "delivered" },
      { error: "quota_exceeded", retry: "later" },
    ]);
  });

  it("Y5 P8.1 takes 500 messages, and no more", async () => {
    const messages = Array.from({ length: LIMITS.BATCH_MESSAGES }, () => ({ to: "x", data: "x" }));
    const { results } = await send({ messages });
    expect(results).toHaveLength(LIMITS.BATCH_MESSAGES);
    const over = post(PATH, { messages: [...messages, messages[0]] });
    expect(await refusalOf(app, over)).toMatchObject({ code: "field_invalid", field: "messages" });
    const none = post(PATH, { messages: [] });
    expect(await refusalOf(app, none)).toMatchObject({ code: "field_invalid", field: "messages" });
  });

  it.each([
    ["[]", "field_invalid"],
    ["{}", "field_invalid"],
    ['{"messages":{}}', "field_invalid"],
    ['{"messages":[{}],"messages":[{}]}', "field_invalid"],
    ['{"messages":[{}],"more":1}', "field_invalid"],
    ['{"messages":[{}]', "body_invalid"],
  ])("Y5 refuses %s as a whole", async (body, code) => {
    expect(await refusalOf(app, post(PATH, body))).toMatchObject({ code, touched: { devices: 0 } });
  });

  it("Y5 P8.1 takes a body at its bound, and refuses one past it", async () => {
    const around = JSON.stringify({ messages: [{ to: "x", data: "" }] });
    const fill = (bytes: number) =>
      JSON.stringify({ messages: [{ to: "x", data: "x".repeat(bytes - around.length) }] });
    const { results } = await send(fill(LIMITS.BATCH_BODY_BYTES));
    expect(results).toMatchObject([{ error: "field_invalid", field: "data" }]);
    const over = post(PATH, fill(LIMITS.BATCH_BODY_BYTES + 1));
    expect(await refusalOf(app, over)).toMatchObject({ code: "body_too_large" });
  });
});
