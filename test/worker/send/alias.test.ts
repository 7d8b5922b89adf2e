import { beforeAll, describe, expect, it, vi } from "vitest";
import { deviceName } from "../../../core/identity/device-id.ts";
import { openRegId } from "../../../core/identity/reg-id.ts";
import { aliasObjectName } from "../../../core/tag/name.ts";
import type {
  AliasAnswerBody,
  AliasSendAnswerBody,
  RegistrationAnswerBody,
  ResultsAnswerBody,
  StatusAnswerBody,
} from "../../../schema/http.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { toBase64Url } from "../../../schema/text.ts";
import { aliasCache } from "../../../worker/send/holders.ts";
import { SOON } from "../../support/soon.ts";
import { createApp, signed, type TestApp } from "../support/app.ts";
import { createRecipient, type Recipient } from "../support/fleet.ts";
import { env, fetchCounting, problemOf } from "../support/mesh.ts";
import { appBytes, testKeyring } from "../support/scripted.ts";
import { ask, get, post, refusalOf } from "../support/server.ts";

let app: TestApp;
let other: TestApp;
let one: Recipient;
let two: Recipient;
let serial = 0;

beforeAll(async () => {
  app = await createApp();
  other = await createApp();
  one = await createRecipient(app);
  two = await createRecipient(app);
  // Makes the edge know the other app.
  await refusalOf(other, get("/v1/aliases/none"));
});

const freshName = (): string => `user-${++serial}`;

const setAlias = (alias: string, fields: object) =>
  ask<ResultsAnswerBody>(app, post("/v1/aliases", { alias, ...fields }));

const sendTo = (alias: string, fields: object = {}, to: object = {}) =>
  ask<AliasSendAnswerBody>(
    app,
    post("/v1/messages", { to: { alias, ...to }, data: "hello", ...fields }),
  );

/** Sets an alias past this edge, as the device or another edge would. */
async function setElsewhere(alias: string, regId: string, shared = false): Promise<void> {
  const parts = openRegId(testKeyring(), regId);
  if (parts === undefined) throw new Error("not of this mesh");
  const answer = await env.DEVICES.getByName(deviceName(parts.deviceId)).setAlias({
    app: toBase64Url(appBytes(app)),
    generation: parts.generation,
    alias,
    held: true,
    shared,
  });
  expect(answer).toEqual({ ok: true });
}

const aliasOf = (alias: string) =>
  env.ALIASES.getByName(aliasObjectName(toBase64Url(appBytes(app)), alias));

describe("an alias of one registration", () => {
  it("A1 is given by the app server and sent to; the answer has a result of its holder", async () => {
    const alias = freshName();
    const { body } = await setAlias(alias, { add: [one.regId] });
    expect(body).toEqual({ results: [{ regId: one.regId, ok: true }] });
    const arrives = one.link.nextMessage();
    const sent = await sendTo(alias);
    expect([sent.response.status, sent.touched]).toEqual([
      200,
      { devices: 1, apps: 0, directory: 0, aliases: 1 },
    ]);
    const [result] = sent.body.results;
    expect(result).toEqual({
      regId: one.regId,
      id: expect.stringMatching(new RegExp(`^[0-9a-v]{26}\\.${one.regId}$`)),
      status: "delivered",
    });
    expect(new TextDecoder().decode((await arrives)?.data)).toBe("hello");
    if (result === undefined || !("id" in result)) throw new Error("no result");
    const status = await ask<StatusAnswerBody>(app, get(`/v1/messages/${result.id}`));
    expect(status.body.status).toBe("delivered");
  });

  it("A4 is remembered by the edge: the second send touches the device alone", async () => {
    const alias = freshName();
    await setAlias(alias, { add: [one.regId] });
    await sendTo(alias);
    const before = aliasCache.counts;
    expect((await sendTo(alias)).touched).toEqual({ devices: 1, apps: 0, directory: 0 });
    expect(aliasCache.counts).toEqual({ hits: before.hits + 1, misses: before.misses });
  });

  it("A1 goes to the last setter, who alone gets what is sent, and the former one is told", async () => {
    const alias = freshName();
    await setAlias(alias, { add: [one.regId] });
    const told = one.link.nextLost();
    await setAlias(alias, { add: [two.regId] });
    expect(await told).toBe(alias);
    const { body } = await sendTo(alias);
    expect(body.results).toMatchObject([{ regId: two.regId, status: "delivered" }]);
    const holders = await ask<AliasAnswerBody>(app, get(`/v1/aliases/${alias}`));
    expect(holders.body).toEqual({ alias, shared: false, regIds: [two.regId] });
  });

  it("A4 what the edge remembers wrongly is no wrong delivery, and is mended in the same request", async () => {
    const alias = freshName();
    await setAlias(alias, { add: [one.regId] });
    await sendTo(alias);
    await setElsewhere(alias, two.regId);
    const before = one.link.messages.length;
    const arrives = two.link.nextMessage();
    const sent = await sendTo(alias);
    expect(sent.body.results).toMatchObject([{ regId: two.regId, status: "delivered" }]);
    expect(sent.touched).toEqual({ devices: 2, apps: 0, directory: 0, aliases: 1 });
    await arrives;
    expect(one.link.messages.length).toBe(before);
    // And it knows better now.
    expect((await sendTo(alias)).touched).toEqual({ devices: 1, apps: 0, directory: 0 });
  });

  it("A4 of one that is shared by now reaches the newcomer in the same request, and the cache knows", async () => {
    const alias = freshName();
    await setAlias(alias, { add: [one.regId] });
    await sendTo(alias);
    await setElsewhere(alias, two.regId, true);
    const arrive = [one.link.nextMessage(), two.link.nextMessage()];
    const sent = await sendTo(alias);
    const regIds = [one.regId, two.regId].sort();
    expect(sent.body.results.map(({ regId }) => regId).sort()).toEqual(regIds);
    expect(sent.body.results).toMatchObject([{ status: "delivered" }, { status: "delivered" }]);
    await Promise.all(arrive);
    // Who joins a shared one next, only the alias knows: it is asked beside the holders, once a send.
    expect((await sendTo(alias)).touched).toEqual({
      devices: 2,
      apps: 0,
      directory: 0,
      aliases: 1,
    });
  });

  it("A1 that was taken away has no holder, and can be given again at once", async () => {
    const alias = freshName();
    await setAlias(alias, { add: [one.regId] });
    await sendTo(alias);
    await setAlias(alias, { remove: [one.regId] });
    const to = post("/v1/messages", { to: { alias }, data: "x" });
    expect(await refusalOf(app, to)).toMatchObject({ code: "alias_unknown", status: 404 });
    expect(await refusalOf(app, get(`/v1/aliases/${alias}`))).toMatchObject({
      code: "alias_unknown",
    });
    await setAlias(alias, { add: [two.regId] });
    expect((await sendTo(alias)).body.results).toMatchObject([{ regId: two.regId }]);
  });

  it("P2.2 the same Idempotency-Key is the same message, shown once, whoever holds the alias by then", async () => {
    const alias = freshName();
    await setAlias(alias, { add: [one.regId] });
    const headers = { "idempotency-key": crypto.randomUUID() };
    const signing = { ...post("/v1/messages", { to: { alias }, data: "once" }), headers };
    const before = one.link.messages.length;
    const first = await ask<AliasSendAnswerBody>(app, signing);
    const second = await ask<AliasSendAnswerBody>(app, signing);
    expect(second.body.results).toEqual(first.body.results);
    expect(one.link.messages.length).toBe(before + 1);
    const other = { ...post("/v1/messages", { to: { alias }, data: "twice" }), headers };
    await expect(ask(app, other)).rejects.toMatchObject({ code: "idempotency_key_reused" });
    expect(one.link.messages.length).toBe(before + 1);
  });

  it("P2.2 another body under one key is refused, and sent to nobody, also where one has joined since", async () => {
    const alias = freshName();
    const [first, joined] = [await createRecipient(app), await createRecipient(app)];
    await setAlias(alias, { add: [first.regId], shared: true });
    const headers = { "idempotency-key": freshName() };
    const send = (data: string) =>
      ask<AliasSendAnswerBody>(app, { ...post("/v1/messages", { to: { alias }, data }), headers });
    await send("one");
    await setAlias(alias, { add: [joined.regId], shared: true });
    await expect(send("two")).rejects.toMatchObject({ code: "idempotency_key_reused" });
    expect([first.link.messages.length, joined.link.messages.length]).toEqual([1, 0]);
    // Nor by an edge that remembers who held it before.
    aliasCache.set(aliasObjectName(toBase64Url(appBytes(app)), alias), {
      shared: true,
      holders: (await aliasOf(alias).holders()).holders.slice(0, 1),
    });
    await expect(send("two")).rejects.toMatchObject({ code: "idempotency_key_reused" });
    expect(joined.link.messages.length).toBe(0);
    // The first comes to who joined, as ever.
    expect((await send("one")).body.results).toMatchObject([{}, { status: "delivered" }]);
  });

  it("P2.2 another body is told of by each holder, where they do not agree", async () => {
    const alias = freshName();
    const [knows, forgot] = [await createRecipient(app), await createRecipient(app)];
    await setAlias(alias, { add: [knows.regId], shared: true });
    const headers = { "idempotency-key": freshName() };
    const send = (data: string) =>
      ask<AliasSendAnswerBody>(app, { ...post("/v1/messages", { to: { alias }, data }), headers });
    await send("one");
    await setAlias(alias, { add: [forgot.regId], shared: true });
    // As if both had joined before any key that lives.
    aliasCache.set(aliasObjectName(toBase64Url(appBytes(app)), alias), {
      shared: true,
      holders: (await aliasOf(alias).holders()).holders.map(({ device, generation }) => ({
        device,
        generation,
      })),
    });
    const { body } = await send("two");
    expect(body.results).toMatchObject([
      { regId: knows.regId, error: "idempotency_key_reused" },
      { regId: forgot.regId, status: "delivered" },
    ]);
    expect([knows.link.messages.length, forgot.link.messages.length]).toEqual([1, 1]);
    // Where all refuse, nothing takes effect.
    await expect(send("three")).rejects.toMatchObject({ code: "idempotency_key_reused" });
  });

  it("A1 that many take at once is of one of them in the end, and of nobody else", async () => {
    const crowd = await Promise.all(Array.from({ length: 8 }, () => createRecipient(app)));
    const alias = freshName();
    const rounds = crowd.flatMap(({ regId }) => [regId, regId]);
    const answers = await Promise.all(rounds.map((regId) => setAlias(alias, { add: [regId] })));
    // Who was overtaken while it asked may be told to ask again; nobody is told anything else.
    for (const result of answers.flatMap(({ body }) => body.results)) {
      if (!result.ok) expect(result.error).toBe("alias_stale");
    }
    await setAlias(alias, { add: [one.regId] });
    const { body } = await sendTo(alias);
    expect(body.results).toMatchObject([{ regId: one.regId, status: "delivered" }]);
    for (const { regId } of crowd) {
      const path = `/v1/registrations/${regId}`;
      expect((await ask<RegistrationAnswerBody>(app, get(path))).body.aliases).toEqual([]);
    }
  });

  it("A1 ends with the registration that had it", async () => {
    const gone = await createRecipient(app);
    const alias = freshName();
    await setAlias(alias, { add: [gone.regId] });
    await sendTo(alias);
    await gone.link.unregister();
    await vi.waitFor(async () => {
      const refused = await refusalOf(app, get(`/v1/aliases/${alias}`));
      expect(refused.code).toBe("alias_unknown");
    }, SOON);
    const to = post("/v1/messages", { to: { alias }, data: "x" });
    expect((await refusalOf(app, to)).code).toBe("alias_unknown");
  });

  it("P7.2 is the app's own: another app's alias of that name is another, and its regIds are refused", async () => {
    const alias = freshName();
    await setAlias(alias, { add: [one.regId] });
    const to = post("/v1/messages", { to: { alias }, data: "x" });
    expect((await refusalOf(other, to)).code).toBe("alias_unknown");
    const { body, touched } = await ask<ResultsAnswerBody>(
      other,
      post("/v1/aliases", { alias, shared: true, add: [one.regId, "x".repeat(60)] }),
    );
    expect(body.results).toMatchObject([
      { regId: one.regId, ok: false, error: "reg_id_foreign" },
      { ok: false, error: "reg_id_invalid" },
    ]);
    expect(touched).toEqual({ devices: 0, apps: 0, directory: 0 });
  });

  it("A6 a copy of a signed change changes nothing, however it came there", async () => {
    const alias = freshName();
    const change = (fields: object) =>
      signed(app, { path: "/v1/aliases", body: { alias, ...fields } });
    const given = await change({ add: [one.regId] });
    const copies = [given.clone(), given.clone()];
    expect((await fetchCounting(given)).response.status).toBe(200);
    // By the server, and past it.
    const moves = [
      () => setAlias(alias, { add: [two.regId] }),
      () => setElsewhere(alias, two.regId),
    ];
    for (const [n, move] of moves.entries()) {
      await move();
      const copy = copies[n];
      if (copy === undefined) throw new Error("no copy");
      const { response } = await fetchCounting(copy);
      expect([response.status, (await problemOf(response)).code]).toEqual([
        409,
        "request_replayed",
      ]);
      const { body } = await sendTo(alias);
      expect(body.results).toMatchObject([{ regId: two.regId, status: "delivered" }]);
    }
    // Signed again it is another request.
    expect((await setAlias(alias, { add: [one.regId] })).body.results).toMatchObject([
      { ok: true },
    ]);
  });
});

describe("a shared alias", () => {
  it("A2 is sent to all its holders, with a result of each", async () => {
    const alias = freshName();
    const { body } = await setAlias(alias, { shared: true, add: [one.regId, two.regId] });
    expect(body.results.every(({ ok }) => ok)).toBe(true);
    const arrive = [one.link.nextMessage(), two.link.nextMessage()];
    const sent = await sendTo(alias);
    const [a, b] = await Promise.all(arrive);
    expect(a?.key).toEqual(b?.key);
    expect(sent.body.results.map(({ regId }) => regId).sort()).toEqual(
      [one.regId, two.regId].sort(),
    );
    expect(sent.touched).toMatchObject({ devices: 2, aliases: 1 });
  });

  it("A2 waits for those who are away: 202, and each result says how it is", async () => {
    const away = await createRecipient(app);
    away.link.close();
    const alias = freshName();
    await setAlias(alias, { shared: true, add: [one.regId, away.regId] });
    const { response, body } = await ask<AliasSendAnswerBody>(app, {
      ...post("/v1/messages", { to: { alias }, data: "x" }),
      headers: { prefer: "wait=1" },
    });
    expect([response.status, response.headers.get("preference-applied")]).toEqual([202, "wait=1"]);
    const statuses = new Map(
      body.results.map((result) => [result.regId, "status" in result ? result.status : "refused"]),
    );
    expect(statuses).toEqual(
      new Map([
        [one.regId, "delivered"],
        [away.regId, "queued"],
      ]),
    );
  });

  it("A3 with firstAckWins is withdrawn from the others once one device has it", async () => {
    const [taker, silent] = [await createRecipient(app), await createRecipient(app)];
    silent.link.acknowledge = false;
    const alias = freshName();
    await setAlias(alias, { shared: true, add: [taker.regId, silent.regId] });
    const { body } = await sendTo(alias, {}, { firstAckWins: true });
    await vi.waitFor(() => expect(silent.link.withdrawn.length).toBe(1), SOON);
    const result = body.results.find(({ regId }) => regId === silent.regId);
    expect(result).toMatchObject({ status: "recalled" });
    if (result === undefined || !("id" in result)) throw new Error("no result");
    const status = await ask<StatusAnswerBody>(app, get(`/v1/messages/${result.id}`));
    expect(status.body.status).toBe("recalled");
  });
});

describe("bounds of aliases", () => {
  it.each([
    ["alias", { alias: "", add: ["x"] }],
    ["alias", { alias: "x".repeat(LIMITS.ALIAS_BYTES + 1), add: ["x"] }],
    ["alias", { alias: "é".repeat(LIMITS.ALIAS_BYTES / 2 + 1), add: ["x"] }],
    ["alias", { alias: "\ud800", add: ["x"] }],
    ["add", { alias: "a" }],
    ["add", { alias: "a", add: ["x", "y"] }],
    ["add", { alias: "a", shared: true, add: Array(LIMITS.ALIAS_HOLDERS + 1).fill("x") }],
    ["remove", { alias: "a", shared: true, remove: Array(LIMITS.ALIAS_HOLDERS + 1).fill("x") }],
    ["remove", { alias: "a", add: ["x"], remove: ["x"] }],
    ["shared", { alias: "a", add: ["x"], shared: "yes" }],
    ["more", { alias: "a", add: ["x"], more: 1 }],
  ])("P4.4 the field %s is named where it is wrong", async (field, body) => {
    const refused = await refusalOf(app, post("/v1/aliases", body));
    expect(refused).toMatchObject({ code: "field_invalid", field });
    expect(refused.touched).toEqual({ devices: 0, apps: 0, directory: 0 });
  });

  it("P8.1 takes as many as may hold it, and names of the full length", async () => {
    const alias = `${freshName()}${"é".repeat(LIMITS.ALIAS_BYTES / 2)}`.slice(0, 60);
    const add = Array.from({ length: LIMITS.ALIAS_HOLDERS }, (_, i) => `${i}`.padEnd(60, "x"));
    const { body } = await setAlias(alias, { shared: true, add });
    expect(body.results.length).toBe(LIMITS.ALIAS_HOLDERS);
    const long = "a".repeat(LIMITS.ALIAS_BYTES);
    await setAlias(long, { add: [one.regId] });
    const { body: found } = await ask<RegistrationAnswerBody>(
      app,
      get(`/v1/registrations/${one.regId}`),
    );
    expect(found.aliases).toContain(long);
    await setAlias(long, { remove: [one.regId] });
  });

  it("A5 any text names one, and paths carry it percent-encoded", async () => {
    for (const alias of ["a/b?c#d", "100%", "%2F", "é\u0301 ü", "members"]) {
      await setAlias(alias, { add: [one.regId] });
      const path = `/v1/aliases/${encodeURIComponent(alias)}`;
      expect((await ask<AliasAnswerBody>(app, get(path))).body.alias).toBe(alias);
      await setAlias(alias, { remove: [one.regId] });
    }
    expect(await refusalOf(app, get("/v1/aliases/%ff"))).toMatchObject({
      code: "field_invalid",
      field: "alias",
    });
  });
});
