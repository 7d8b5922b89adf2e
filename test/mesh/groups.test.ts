/** Aliases, tags and broadcasts as an app server has them: over HTTPS alone, with devices of the SDK at the other end. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type {
  AliasAnswerBody,
  AliasSendAnswerBody,
  BroadcastStatusBody,
  RegistrationAnswerBody,
  ResultsAnswerBody,
  TagAnswerBody,
  TagsAnswerBody,
} from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { connect, memoryStorage } from "../../sdk/device/mod.ts";
import { type App, Mesh } from "../chaos/mesh.ts";
import { until } from "../chaos/wait.ts";
import { broadcast, call } from "./support/listener.ts";

let mesh: Mesh;
let app: App;

beforeAll(async () => {
  mesh = await Mesh.start();
  app = await mesh.app("groups");
});

afterAll(() => mesh.stop());

const comes = (what: string, holds: () => boolean | Promise<boolean>) => until(what, holds, 20_000);

/** The answer of a request that is carried out. */
async function ask<Body>(method: "GET" | "POST" | "PUT", path: string, body?: unknown) {
  const response = await call(mesh.url, app, method, path, body);
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text}`);
  return JSON.parse(text) as Body;
}

async function codeOf(method: "GET" | "POST" | "PUT", path: string, body?: unknown) {
  const response = await call(mesh.url, app, method, path, body);
  return ((await response.json()) as { code: string }).code;
}

/** A device whose app keeps what it was shown. */
async function device(storage = memoryStorage()) {
  const client = await connect({ url: mesh.url, appId: app.appId, storage });
  onTestFinished(() => client.close());
  const shown: unknown[] = [];
  const lost: string[] = [];
  client.onMessage(({ data }) => {
    shown.push(data);
  });
  client.onAliasLost((alias) => lost.push(alias));
  return { client, regId: await client.register(), shown, lost };
}

const setAlias = (fields: object) => ask<ResultsAnswerBody>("POST", "/v1/aliases", fields);
const members = (fields: object) => ask<ResultsAnswerBody>("POST", "/v1/tags/members", fields);
const sendTo = (alias: string, data: unknown, to: object = {}) =>
  ask<AliasSendAnswerBody>("POST", "/v1/messages", { to: { alias, ...to }, data });
const statusOf = (id: string) => ask<BroadcastStatusBody>("GET", `/v1/messages/${id}`);

describe("aliases", () => {
  test("A1 A4 the last setter has it, be it a device or the app server; the former one is told", async () => {
    const [one, two] = [await device(), await device()];
    expect(await setAlias({ alias: "kim", add: [one.regId] })).toEqual({
      results: [{ regId: one.regId, ok: true }],
    });
    expect((await sendTo("kim", "first")).results).toMatchObject([
      { regId: one.regId, status: "delivered" },
    ]);
    await two.client.setAlias("kim");
    await comes("the former holder was not told", () => one.lost.includes("kim"));
    // The edge remembers the former one, and is told better by its device.
    expect((await sendTo("kim", "second")).results).toMatchObject([
      { regId: two.regId, status: "delivered" },
    ]);
    expect([one.shown, two.shown]).toEqual([["first"], ["second"]]);
    const path = "/v1/aliases/kim";
    expect(await ask<AliasAnswerBody>("GET", path)).toEqual({
      alias: "kim",
      shared: false,
      regIds: [two.regId],
    });
    await two.client.removeAlias("kim");
    expect(await codeOf("GET", path)).toBe("alias_unknown");
  });

  test("A1 outlives a kill -9", async () => {
    const one = await device();
    await setAlias({ alias: "robin", add: [one.regId] });
    await mesh.kill(mesh.victims[0]);
    // By itself it waits as long as the restart took.
    one.client.reconnectNow();
    const { aliases } = await ask<RegistrationAnswerBody>("GET", `/v1/registrations/${one.regId}`);
    expect(aliases).toEqual(["robin"]);
    const { results } = await sendTo("robin", "after");
    expect(results).toMatchObject([{ regId: one.regId }]);
    await comes("it was not shown", () => one.shown.includes("after"));
  });

  test("A2 A3 a shared one is of all its holders, and the first of them may take it from the others", async () => {
    const phones = [await device(), await device(), await device()];
    const add = phones.map(({ regId }) => regId);
    await setAlias({ alias: "sam", shared: true, add });
    const { results } = await sendTo("sam", "to all");
    expect(results.map(({ regId }) => regId).sort()).toEqual([...add].sort());
    for (const { shown } of phones) await comes("not shown", () => shown.includes("to all"));

    phones[0]?.client.close();
    phones[1]?.client.close();
    const path = `/v1/registrations/${add[0]}`;
    await comes("linked", async () => !(await ask<RegistrationAnswerBody>("GET", path)).connected);
    const first = await sendTo("sam", "to one", { firstAckWins: true });
    expect(first.results.find(({ regId }) => regId === add[2])).toMatchObject({
      status: "delivered",
    });
    for (const result of first.results.filter(({ regId }) => regId !== add[2])) {
      if (!("id" in result)) throw new Error(result.detail);
      await comes(
        "it is not withdrawn",
        async () => ((await statusOf(result.id)).status as string) === "recalled",
      );
    }
  });
});

describe("tags and broadcasts", () => {
  test("B1 B22 B23 reach who is meant, there and away, once", async () => {
    const storage = memoryStorage();
    const [one, away, other] = [await device(), await device(storage), await device()];
    const both = [one.regId, away.regId];
    const { results } = await members({ tag: "nëws/1", add: [...both, other.regId] });
    expect(results.every(({ ok }) => ok)).toBe(true);
    await members({ tag: "quiet", add: [other.regId] });
    await one.client.setAttributes({ platform: "ios", appVersion: "2.10.0" });
    await away.client.close();

    const condition = { all: [{ tag: "nëws/1" }, { not: { tag: "quiet" } }] };
    const id = await broadcast(mesh.url, app, { condition }, { n: 1 });
    await comes("it was not shown", () => one.shown.length === 1);
    const filter = { platform: ["ios"], appVersion: { min: "2.9" } };
    await broadcast(mesh.url, app, { tag: "nëws/1" }, { n: 2 }, { filter });
    await broadcast(mesh.url, app, { everyone: true }, { n: 3 });
    await comes("they were not shown", () => one.shown.length === 3 && other.shown.length === 1);

    const back = await device(storage);
    await comes("it did not catch up", () => back.shown.length === 2);
    // Their order is promised within a tag, and everyone is another.
    const shown = [one, other, back].map((each) => each.shown.map((data) => JSON.stringify(data)));
    expect(shown.map((each) => each.sort())).toEqual([
      ['{"n":1}', '{"n":2}', '{"n":3}'],
      ['{"n":3}'],
      ['{"n":1}', '{"n":3}'],
    ]);
    await comes("it is not sent", async () => (await statusOf(id)).status === "sent");
    expect(await statusOf(id)).toMatchObject({ acknowledged: 1, filtered: 1, remaining: 0 });
  });

  test("T11 T12 T13 the app server subscribes, and sees what a registration is in", async () => {
    const one = await device();
    const tags = ["a/b?c#d", "100%", "e\u0301 ü", "x".repeat(LIMITS.TAG_BYTES)];
    for (const tag of tags) await members({ tag, add: [one.regId] });
    const path = `/v1/registrations/${one.regId}`;
    expect([...(await ask<RegistrationAnswerBody>("GET", path)).tags].sort()).toEqual(
      [...tags].sort(),
    );
    for (const tag of tags) {
      const found = await ask<TagAnswerBody>("GET", `/v1/tags/${encodeURIComponent(tag)}`);
      expect(found).toMatchObject({ tag, members: 1 });
      await members({ tag, remove: [one.regId] });
    }
    expect((await ask<RegistrationAnswerBody>("GET", path)).tags).toEqual([]);
    expect(await codeOf("GET", "/v1/tags/never")).toBe("tag_unknown");
    expect(await codeOf("GET", "/v1/tags/%ff")).toBe("field_invalid");
  });

  test("T14 the app's tags are listed, page by page", async () => {
    const one = await device();
    for (const n of [1, 2, 3]) await members({ tag: `list ${n}`, add: [one.regId] });
    const query = "/v1/tags?prefix=list%20&sort=tag&order=desc&limit=2";
    const page = () => ask<TagsAnswerBody>("GET", query);
    const all = () => ask<TagsAnswerBody>("GET", "/v1/tags?prefix=list%20");
    // Names and counts are told some seconds late.
    await comes("they are not listed", async () => {
      const { tags } = await all();
      return tags.length === 3 && tags.every(({ members }) => members === 1);
    });
    const { tags, next } = await page();
    expect(tags.map(({ tag }) => tag)).toEqual(["list 3", "list 2"]);
    const rest = await ask<TagsAnswerBody>(
      "GET",
      `${query}&cursor=${encodeURIComponent(next ?? "")}`,
    );
    expect(rest).toMatchObject({ tags: [{ tag: "list 1", members: 1 }], next: null });
    const first = await ask<TagsAnswerBody>("GET", "/v1/tags?limit=1");
    expect(first.tags).toMatchObject([{ tag: "", members: expect.any(Number) }]);
    expect(await codeOf("GET", "/v1/tags?cursor=forged")).toBe("field_invalid");
  });

  test("P8.1 a call about as many registrations as may be is answered for each", async () => {
    const add = Array.from({ length: LIMITS.SUBSCRIBE_REGISTRATIONS }, (_, i) =>
      `${i}`.padEnd(60, "x"),
    );
    const { results } = await members({ tag: "many", add });
    expect(results.map(({ regId }) => regId)).toEqual(add);
    const path = "/v1/tags/members";
    expect(await codeOf("POST", path, { tag: "many", add: [...add, "x"] })).toBe("field_invalid");
    const long = { tag: "many", add: ["x".repeat(LIMITS.SUBSCRIBE_BODY_BYTES)] };
    expect(await codeOf("POST", path, long)).toBe("body_too_large");
  });
});
