/** One message to many targets: a result for each, in order. */
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { TargetsAnswerBody } from "../../../schema/http.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { SOON } from "../../support/soon.ts";
import { admin, createApp, type TestApp } from "../support/app.ts";
import { createRecipient, type Recipient } from "../support/fleet.ts";
import { env } from "../support/mesh.ts";
import { ask, post, refusalOf } from "../support/server.ts";

let app: TestApp;
let online: Recipient;
let offline: Recipient;
let foreign: string;

beforeAll(async () => {
  app = await createApp();
  online = await createRecipient(app);
  offline = await createRecipient(app);
  foreign = (await createRecipient(await createApp())).regId;
  offline.link.close();
  await vi.waitFor(async () => {
    const { results } = await sendTo({ regIds: [offline.regId] }, { ttl: 0 });
    expect(results).toMatchObject([{ status: "expired" }]);
  }, SOON);
});

async function sendTo(to: object, fields: object = {}, headers: Record<string, string> = {}) {
  const { response, body } = await ask<TargetsAnswerBody>(app, {
    ...post("/v1/messages", { to, data: "hello", ...fields }),
    headers,
  });
  return { status: response.status, response, results: body.results };
}

const key = (value: string) => ({ "idempotency-key": value });

describe("a message to many targets", () => {
  it("Y1 has a result for each in the order given, and a bad one fails no other", async () => {
    const arrives = online.link.nextMessage();
    const regIds = [foreign, "x", "x".repeat(300), "", online.regId, offline.regId];
    const { status, results, response } = await sendTo({ regIds });
    expect(status).toBe(202);
    expect(response.headers.get("location")).toBeNull();
    expect(results).toMatchObject([
      { to: foreign, error: "reg_id_foreign", retry: "never" },
      { to: "x", error: "reg_id_invalid" },
      { to: "x".repeat(300), error: "reg_id_invalid" },
      { to: "", error: "reg_id_invalid" },
      { to: online.regId, status: "delivered", id: expect.stringContaining(online.regId) },
      { to: offline.regId, status: "queued" },
    ]);
    expect((await arrives)?.data).toEqual(new TextEncoder().encode("hello"));
  });

  it("Y1 takes a target that is named twice once, and tells it twice", async () => {
    const { status, results } = await sendTo({ regIds: [online.regId, "x", online.regId] });
    expect(status).toBe(200);
    expect(results[0]).toMatchObject({ status: "delivered" });
    expect(results[0]).toEqual(results[2]);
  });

  it("Y2 P2.2 is safe to repeat, also with those alone that were refused; another message is refused by each", async () => {
    const to = { regIds: [online.regId, "x", offline.regId] };
    const first = await sendTo(to, {}, key("again"));
    expect(await sendTo(to, {}, key("again"))).toMatchObject({ results: first.results });
    const rest = await sendTo({ regIds: [offline.regId] }, {}, key("again"));
    expect(rest.results).toEqual([first.results[2]]);
    const other = await sendTo(to, { data: "other" }, key("again"));
    expect(other.results).toMatchObject([
      { error: "idempotency_key_reused" },
      { error: "reg_id_invalid" },
      { error: "idempotency_key_reused" },
    ]);
    const shown = await sendTo(to, { notification: { title: "x" } }, key("again"));
    expect(shown.results[0]).toMatchObject({ error: "idempotency_key_reused" });
    const ttl = await sendTo(to, { ttl: 5 }, key("again"));
    expect(ttl.results[0]).toMatchObject({ error: "idempotency_key_reused" });
  });

  it("Y1 goes to aliases, with the results of their holders", async () => {
    await ask(app, post("/v1/aliases", { alias: "ann", add: [online.regId] }));
    const aliases = ["nobody", "ann", "", "x".repeat(LIMITS.ALIAS_BYTES + 1)];
    const { results } = await sendTo({ aliases, firstAckWins: true });
    expect(results).toMatchObject([
      { to: "nobody", error: "alias_unknown" },
      { to: "ann", results: [{ regId: online.regId, status: "delivered" }] },
      { to: "", error: "field_invalid" },
      { error: "field_invalid" },
    ]);
  });

  it("Y1 answers at once with respond-async, and names the preference", async () => {
    const { status, response, results } = await sendTo(
      { regIds: [online.regId] },
      {},
      { prefer: "respond-async" },
    );
    expect([status, response.headers.get("preference-applied")]).toEqual([202, "respond-async"]);
    expect(results).toMatchObject([{ status: "queued" }]);
  });

  it("Y1 P8.1 takes 1,000 targets, and no more", async () => {
    const regIds = Array.from({ length: LIMITS.TARGETS }, (_, n) => `none-${n}`);
    const { results } = await sendTo({ regIds });
    expect(results).toHaveLength(LIMITS.TARGETS);
    expect(results.at(-1)).toMatchObject({ to: "none-999", error: "reg_id_invalid" });
    const over = post("/v1/messages", { to: { regIds: [...regIds, "x"] }, data: "x" });
    expect(await refusalOf(app, over)).toMatchObject({ code: "field_invalid", field: "to.regIds" });
    const none = post("/v1/messages", { to: { regIds: [] }, data: "x" });
    expect(await refusalOf(app, none)).toMatchObject({ code: "field_invalid", field: "to.regIds" });
  });

  it.each([
    [{ to: { regIds: ["x"] }, pace: 5 }, "pace"],
    [{ to: { aliases: ["x"] }, filter: { platform: ["web"] } }, "filter"],
    [{ to: { regIds: ["x", 5] } }, "to.regIds.1"],
    [{ to: { regIds: ["x"], aliases: ["y"] } }, undefined],
  ])("Y1 refuses %j as a whole, before anything is sent", async (fields, field) => {
    const refusal = await refusalOf(app, post("/v1/messages", { data: "x", ...fields }));
    expect(refusal).toMatchObject({ code: "field_invalid", touched: { devices: 0 } });
    if (field !== undefined) expect(refusal.field).toBe(field);
  });

  it("Y3 P1.10 a device that fails fails no other target, and is worth a retry", async () => {
    const device = env.DEVICES;
    const DEVICES = {
      getByName: (name: string) => {
        if (offline.account.deviceId === name)
          throw Object.assign(new Error("busy"), { overloaded: true });
        return device.getByName(name);
      },
    };
    const signing = post("/v1/messages", {
      to: { regIds: [offline.regId, online.regId] },
      data: "x",
    });
    const { body } = await ask<TargetsAnswerBody>(app, signing, { DEVICES });
    expect(body.results).toMatchObject([
      { to: offline.regId, error: "overloaded", retry: "later", retryAfterMs: 1_000 },
      { to: online.regId, status: "delivered" },
    ]);
  });

  it("Y4 S47 takes a token for each target; those that are over are told when to come back", async () => {
    const limited = await createApp();
    const { regId } = await createRecipient(limited);
    await admin(`/v1/apps/${limited.appId}/quota`, "PUT", { perSecond: 0.5, burst: 3 });
    const to = { regIds: [regId, "a", "b", "c", "d"] };
    const { body } = await ask<TargetsAnswerBody>(limited, post("/v1/messages", { to, data: "x" }));
    expect(body.results).toMatchObject([
      { status: "delivered" },
      { error: "reg_id_invalid" },
      { error: "reg_id_invalid" },
      { error: "quota_exceeded", retry: "later", retryAfterMs: expect.any(Number) },
      { error: "quota_exceeded" },
    ]);
    const [, , , over] = body.results;
    expect(over).toHaveProperty("retryAfterMs");
    const { retryAfterMs = 0 } = over as { retryAfterMs?: number };
    expect(retryAfterMs).toBeGreaterThan(0);
    expect(retryAfterMs).toBeLessThanOrEqual(2_000);
  });
});
