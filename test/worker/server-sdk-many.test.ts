/** The server SDK sends to many: what is more than a request takes is divided. */
import { beforeAll, describe, expect, it } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import { PushServer } from "../../sdk/server/mod.ts";
import { createRecipient, type Recipient } from "./support/fleet.ts";
import { ORIGIN } from "./support/mesh.ts";
import { appAndServer, hostOf } from "./support/sdk.ts";

let server: Awaited<ReturnType<typeof appAndServer>>;
let one: Recipient;

beforeAll(async () => {
  server = await appAndServer("many");
  one = await createRecipient(server);
});

const countingServer = (meddle?: Parameters<typeof hostOf>[0]) => {
  const counted = hostOf(meddle);
  const { keyId, key } = server;
  return { ...counted, push: new PushServer({ url: ORIGIN, keyId, key, host: counted.host }) };
};

describe("PushServer.sendMany", () => {
  it("Y7 takes more targets than a request does, and gives one list of results", async () => {
    const { push, calls } = countingServer();
    const regIds = Array.from({ length: LIMITS.TARGETS + 1 }, (_, n) => `none-${n}`);
    regIds[LIMITS.TARGETS] = one.regId;
    const { results } = await push.sendMany({ to: { regIds }, data: "hi" });
    expect(calls()).toBe(2);
    expect(results.map(({ to }) => to)).toEqual(regIds);
    expect(results[0]).toMatchObject({ error: "reg_id_invalid", retry: "never" });
    expect(results.at(-1)).toMatchObject({ status: "delivered" });
  });

  it("Y7 sends to aliases, and repeats a lost request without a double", async () => {
    const { push } = countingServer(async (n, pass) => {
      const answer = await pass();
      if (n === 2) throw new TypeError("lost");
      return answer;
    });
    await push.aliases.add("many-ann", one.regId);
    const before = one.link.messages.length;
    const to = { aliases: ["many-ann", "many-none"] };
    const { results } = await push.sendMany({ to, data: "once" });
    expect(results).toMatchObject([
      { to: "many-ann", results: [{ status: "delivered" }] },
      { to: "many-none", error: "alias_unknown" },
    ]);
    expect(one.link.messages.length - before).toBe(1);
  });

  it("Y7 E9 refuses an empty list before anything is sent", async () => {
    const { push, calls } = countingServer();
    await expect(push.sendMany({ to: { regIds: [] }, data: "x" })).rejects.toMatchObject({
      code: "option_invalid",
    });
    expect(calls()).toBe(0);
  });
});

describe("PushServer.sendBatch", () => {
  it("Y7 takes more messages than a request does, by count and by bytes", async () => {
    const { push, calls } = countingServer();
    const many = Array.from({ length: LIMITS.BATCH_MESSAGES + 1 }, (_, n) => ({
      to: n === LIMITS.BATCH_MESSAGES ? one.regId : `none-${n}`,
      data: { n },
    }));
    const byCount = await push.sendBatch(many);
    expect([calls(), byCount.results.length]).toEqual([2, many.length]);
    expect(byCount.results.at(-1)).toMatchObject({ status: "delivered" });
    const large = many.slice(0, 300).map(({ to }) => ({ to, data: "x".repeat(LIMITS.DATA_BYTES) }));
    const byBytes = await push.sendBatch(large);
    expect([calls(), byBytes.results.length]).toEqual([4, large.length]);
  });

  it("Y7 sends data of every kind, each message with its own options and key", async () => {
    const { push } = countingServer();
    const before = one.link.messages.length;
    const to = one.regId;
    const batch = [
      { to, data: { a: 1 } },
      { to, json: '{"n":1.50}', idempotencyKey: "own" },
      { to, data: new Uint8Array([1, 2]), ttl: 60, priority: "high" as const },
      { to: { alias: "many-none" }, data: "x" },
    ];
    const { results } = await push.sendBatch(batch, { idempotencyKey: "b-1" });
    expect(results).toMatchObject([
      { status: "delivered" },
      { status: "delivered" },
      { status: "delivered" },
      { error: "alias_unknown" },
    ]);
    expect((await push.sendBatch(batch, { idempotencyKey: "b-1" })).results).toEqual(results);
    const seen = one.link.messages.slice(before).map(({ data }) => new TextDecoder().decode(data));
    expect(seen.sort()).toEqual(["\u0001\u0002", '{"a":1}', '{"n":1.50}']);
  });

  it("Y7 E9 names the message that is wrong, and the key of a call that fails", async () => {
    const { push } = countingServer(async () => new Response(null, { status: 502 }));
    const wrong = [{ to: "x", data: "x" }, { to: "x" }];
    await expect(push.sendBatch(wrong)).rejects.toMatchObject({
      code: "option_invalid",
      message: expect.stringContaining("messages.1: data"),
    });
    const { keyId, key } = server;
    const once = new PushServer({
      url: ORIGIN,
      keyId,
      key,
      attempts: 1,
      host: hostOf(async () => new Response(null, { status: 502 })).host,
    });
    const failed = once.sendBatch([{ to: "x", data: "x" }], { idempotencyKey: "k" });
    await expect(failed).rejects.toMatchObject({ idempotencyKey: "k" });
  });
});
