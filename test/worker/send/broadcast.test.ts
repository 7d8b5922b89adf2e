import { beforeAll, describe, expect, it, vi } from "vitest";
import { nodeObjectName, tagIdOf } from "../../../core/tag/name.ts";
import type { BroadcastAnswerBody, BroadcastStatusBody } from "../../../schema/http.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { toBase64Url } from "../../../schema/text.ts";
import type { Env } from "../../../worker/env.ts";
import { SOON } from "../../support/soon.ts";
import { createApp, signed, type TestApp } from "../support/app.ts";
import { createRecipient, type Recipient } from "../support/fleet.ts";
import { env, fetchCounting, problemOf, UNTOUCHED } from "../support/mesh.ts";
import { appBytes } from "../support/scripted.ts";
import { ask, get, post, refusalOf } from "../support/server.ts";

let app: TestApp;
let other: TestApp;
let one: Recipient;
let two: Recipient;

const join = (tag: string, ...recipients: Recipient[]) =>
  ask(app, post("/v1/tags/members", { tag, add: recipients.map(({ regId }) => regId) }));

beforeAll(async () => {
  app = await createApp();
  other = await createApp();
  one = await createRecipient(app);
  two = await createRecipient(app);
  await join("both", one, two);
  await join("first", one);
  await join("second", two);
  // Makes the edge know the other app, and the key that broadcasts of the first are signed with.
  await refusalOf(other, get("/v1/tags/none"));
  await send({ tag: "first" }, { data: "warm" });
});

const send = (to: object, fields: object = {}, headers: Record<string, string> = {}) =>
  ask<BroadcastAnswerBody>(app, {
    ...post("/v1/messages", { to, data: "hello", ...fields }),
    headers,
  });
const statusOf = async (id: string) =>
  (await ask<BroadcastStatusBody>(app, get(`/v1/messages/${id}`))).body;
const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
const textsOf = ({ link }: Recipient) => link.broadcasts.map(({ data }) => text(data));

/** Resolves once all of them have the broadcast of this text. */
const reaches = (data: string, ...recipients: Recipient[]) =>
  vi.waitFor(() => {
    for (const recipient of recipients) expect(textsOf(recipient)).toContain(data);
  }, SOON);

describe("a broadcast", () => {
  it("B21 is answered accepted with its ID, and reaches the members of its tag", async () => {
    const { response, body, touched } = await send({ tag: "both" }, { data: { n: 1 } });
    expect([response.status, body.status]).toEqual([202, "accepted"]);
    expect(body.id).toMatch(/^[0-9a-v]{26}\.[A-Za-z0-9_-]{32}$/);
    expect(response.headers.get("location")).toBe(`/v1/messages/${body.id}`);
    expect(touched).toEqual({ ...UNTOUCHED, tags: 1 });
    await reaches('{"n":1}', one, two);
    const got = one.link.broadcasts.find(({ data }) => text(data) === '{"n":1}');
    expect([got?.tag, body.id.endsWith(`.${got?.source}`)]).toEqual(["both", true]);
    await vi.waitFor(async () => {
      expect(await statusOf(body.id)).toMatchObject({
        id: body.id,
        status: "sent",
        members: 2,
        attached: 2,
        acknowledged: 2,
        remaining: 0,
      });
    }, SOON);
    const { acceptedAt, finishedAt } = await statusOf(body.id);
    expect(Math.abs(acceptedAt - Date.now())).toBeLessThan(60_000);
    expect(finishedAt).toBeGreaterThanOrEqual(acceptedAt);
  });

  it("B21 to everyone reaches every registration of the app", async () => {
    await send({ everyone: true }, { data: "to all" });
    await reaches("to all", one, two);
    expect(one.link.broadcasts.find(({ data }) => text(data) === "to all")?.tag).toBe("");
  });

  it("B22 to an expression reaches those it holds for, once", async () => {
    const condition = { all: [{ tag: "both" }, { not: { tag: "first" } }] };
    await send({ condition }, { data: "but first" });
    const union = { any: [{ tag: "first" }, { tag: "both" }] };
    await send({ condition: union }, { data: "union" });
    await reaches("union", one, two);
    // What was wrongly sent would be there by then.
    await send({ tag: "both" }, { data: "last" });
    await reaches("last", one, two);
    const ours = ["but first", "union", "last"];
    expect([one, two].map((each) => textsOf(each).filter((data) => ours.includes(data)))).toEqual([
      ["union", "last"],
      ours,
    ]);
  });

  it("B22 counts members only where an intersection has a choice, and remembers the counts", async () => {
    const both = { all: [{ tag: "both" }, { tag: "second" }] };
    // Where there is a choice, both are asked whether they took it before.
    expect((await send({ condition: both })).touched).toEqual({
      ...UNTOUCHED,
      tags: 5,
      tagDirectories: 2,
    });
    expect((await send({ condition: both })).touched).toEqual({
      ...UNTOUCHED,
      tags: 3,
      tagDirectories: 2,
    });
    const choiceless = { all: [{ tag: "both" }, { not: { tag: "second" } }] };
    expect((await send({ condition: choiceless })).touched).toEqual({ ...UNTOUCHED, tags: 1 });
  });

  it("B22 to a union goes by the tags that there are", async () => {
    const condition = { any: [{ tag: "nobody-ever" }, { tag: "first" }] };
    const { body } = await send({ condition }, { data: "some" });
    await reaches("some", one);
    // The node counts it once the device has answered: the app may be first.
    await vi.waitFor(async () => expect((await statusOf(body.id)).members).toBe(1), SOON);
  });

  it.each([
    { tag: "nobody" },
    { condition: { any: [{ tag: "nobody" }, { tag: "no one" }] } },
    { condition: { all: [{ tag: "both" }, { tag: "nobody" }] } },
  ])("B21 to %j is refused where nobody ever joined", async (to) => {
    const refused = await refusalOf(app, post("/v1/messages", { to, data: "x" }));
    expect(refused).toMatchObject({ code: "tag_unknown", status: 404 });
  });

  it("B23 reaches those that reported what its filter asks", async () => {
    const { body } = await send({ tag: "both" }, { filter: { platform: ["IOS"] } });
    await vi.waitFor(async () => {
      expect(await statusOf(body.id)).toMatchObject({ status: "sent", filtered: 2, delivered: 0 });
    }, SOON);
  });
});

describe("a broadcast is told from another", () => {
  it("P2.2 by its Idempotency-Key and its target", async () => {
    const headers = { "idempotency-key": crypto.randomUUID() };
    const first = await send({ tag: "both" }, {}, headers);
    const again = await send({ tag: "both" }, {}, headers);
    const elsewhere = await send({ tag: "first" }, {}, headers);
    expect(again.body.id).toBe(first.body.id);
    expect(elsewhere.body.id).not.toBe(first.body.id);
    const reused = send({ tag: "both" }, { data: "another body" }, headers);
    await expect(reused).rejects.toMatchObject({ code: "idempotency_key_reused", status: 422 });
  });

  it("P2.2 B4 also where another of its tags has become the smallest meanwhile", async () => {
    await join("left", one);
    await join("right", one, two);
    const condition = { all: [{ tag: "left" }, { tag: "right" }] };
    const headers = { "idempotency-key": "moved" };
    const first = await send({ condition }, {}, headers);
    const remove = [one.regId, two.regId];
    await ask(app, post("/v1/tags/members", { tag: "right", remove }));
    vi.useFakeTimers({ toFake: ["Date"] });
    vi.setSystemTime(Date.now() + LIMITS.TAG_CACHE_MS);
    const again = await send({ condition }, {}, headers);
    const other = await send({ condition }, {}, { "idempotency-key": "another" });
    vi.useRealTimers();
    expect(again.body.id).toBe(first.body.id);
    const sourceOf = (id: string) => id.split(".")[1];
    expect(sourceOf(other.body.id)).not.toBe(sourceOf(first.body.id));
  });

  it("P2.2 B4 also where another of its tags has got its first member meanwhile", async () => {
    await join("joined", one);
    const union = { any: [{ tag: "late" }, { tag: "joined" }] };
    const nested = { any: [{ all: [{ tag: "later" }, { tag: "both" }] }, { tag: "joined" }] };
    for (const [condition, tag] of [
      [union, "late"],
      [nested, "later"],
    ] as const) {
      const headers = { "idempotency-key": `first-of-${tag}` };
      const first = await send({ condition }, { data: tag }, headers);
      await reaches(tag, one);
      await join(tag, one, two);
      const again = await send({ condition }, { data: tag }, headers);
      expect(again.body.id).toBe(first.body.id);
      const other = await send({ condition }, { data: `not ${tag}` }, { "idempotency-key": tag });
      await reaches(`not ${tag}`, one, two);
      expect(other.body.id).not.toBe(first.body.id);
      expect([one, two].map((each) => textsOf(each).filter((data) => data === tag))).toEqual([
        [tag],
        [],
      ]);
    }
  });

  it("B4 also where one of its tags gets its first member while two requests are under way", async () => {
    await join("stood", one);
    const condition = { any: [{ tag: "fresh" }, { tag: "stood" }] };
    const request = () =>
      signed(app, {
        ...post("/v1/messages", { to: { condition }, data: "beside" }),
        headers: { "idempotency-key": "beside" },
      });
    const idOf = async (answer: { readonly response: Response }) =>
      (await answer.response.json<BroadcastAnswerBody>()).id;
    let second: Promise<string> | undefined;
    const name = toBase64Url(appBytes(app));
    const stood = nodeObjectName({ app: name, tagId: tagIdOf(name, "stood"), path: "" });
    const TAGS: Env["TAGS"] = {
      getByName(each) {
        const root = env.TAGS.getByName(each);
        if (each !== stood) return root;
        const broadcast: typeof root.broadcast = async (asked) => {
          if (second === undefined) {
            await join("fresh", two);
            second = request()
              .then((made) => fetchCounting(made))
              .then(idOf);
            // Nothing else takes it meanwhile: without a rule another root does, at once.
            await Promise.race([second, scheduler.wait(500)]);
          }
          return root.broadcast(asked);
        };
        return {
          broadcast,
          info: () => root.info(),
          broadcastStatus: (key: Uint8Array) => root.broadcastStatus(key),
        } as unknown as typeof root;
      },
    };
    const first = await idOf(await fetchCounting(await request(), { TAGS }));
    expect(await second).toBe(first);
  });

  it("P2.2 replayed byte for byte it is the same broadcast, shown once", async () => {
    const body = { to: { tag: "both" }, data: "replayed" };
    const request = await signed(app, post("/v1/messages", body));
    const copy = request.clone();
    const first = await (await fetchCounting(request)).response.json<BroadcastAnswerBody>();
    await reaches("replayed", one, two);
    const second = await (await fetchCounting(copy)).response.json<BroadcastAnswerBody>();
    expect(second.id).toBe(first.id);
    await send({ tag: "both" }, { data: "after it" });
    await reaches("after it", one, two);
    expect(textsOf(one).filter((data) => data === "replayed").length).toBe(1);
  });
});

describe("P7.2 the ID of a broadcast", () => {
  it("is refused at the edge where it is forged or another app's", async () => {
    const { body } = await send({ tag: "both" });
    const [head = "", source = ""] = body.id.split(".");
    const forged = `${head}.${source.startsWith("A") ? "B" : "A"}${source.slice(1)}`;
    for (const [by, id] of [
      [app, forged],
      [app, `${head}.${"A".repeat(32)}`],
      [other, body.id],
    ] as const) {
      const refused = await refusalOf(by, get(`/v1/messages/${id}`));
      expect(refused).toMatchObject({ code: "message_id_invalid", touched: UNTOUCHED });
    }
  });

  it("that the tag does not know is not found", async () => {
    const { body } = await send({ tag: "both" });
    // Another key, of which nobody can tell that no broadcast had it.
    const id = `${body.id.slice(0, 20)}${body.id[20] === "0" ? "1" : "0"}${body.id.slice(21)}`;
    expect(await refusalOf(app, get(`/v1/messages/${id}`))).toMatchObject({
      code: "message_not_found",
      status: 404,
    });
  });
});

describe("P4.4 the body of a broadcast", () => {
  const nested = (levels: number): object =>
    levels === 0 ? { tag: "a" } : { not: nested(levels - 1) };
  const tags = (count: number) => Array.from({ length: count }, (_, i) => ({ tag: `${i}` }));
  const values = (count: number, bytes = 1) =>
    Array.from({ length: count }, (_, i) => `${i}`.padEnd(bytes, "x"));

  it.each<[string, object]>([
    ["to", { to: {} }],
    ["to", { to: { tag: "a", alias: "b" } }],
    ["to.tag", { to: { tag: "" } }],
    ["to.tag", { to: { tag: "x".repeat(LIMITS.TAG_BYTES + 1) } }],
    ["to.everyone", { to: { everyone: false } }],
    ["to.condition", { to: { condition: "a" } }],
    ["to.condition.any", { to: { condition: { any: [] } } }],
    ["to.condition.any", { to: { condition: { any: tags(LIMITS.CONDITION_TAGS + 1) } } }],
    ["to.condition", { to: { condition: { any: [{ all: tags(3) }, { all: tags(3) }] } } }],
    ["to.condition.not.not.not.not.not", { to: { condition: nested(LIMITS.CONDITION_DEPTH + 1) } }],
    ["onOverflow", { onOverflow: "reject" }],
    ["pace", { pace: 0 }],
    ["pace", { pace: LIMITS.PACE_MAX + 1 }],
    ["filter.color", { filter: { color: ["red"] } }],
    ["filter.platform", { filter: { platform: [] } }],
    ["filter.platform", { filter: { platform: values(LIMITS.FILTER_VALUES + 1) } }],
    ["filter.platform.0", { filter: { platform: values(1, LIMITS.ATTRIBUTE_VALUE_BYTES + 1) } }],
    ["filter.attributes", { filter: { attributes: JSON.parse('{"__proto__":["x"]}') } }],
    ["filter.appVersion.min", { filter: { appVersion: { min: "1.x" } } }],
    [
      "filter.attributes",
      {
        filter: {
          attributes: Object.fromEntries(
            values(LIMITS.ATTRIBUTES + 1).map((name) => [name, ["x"]]),
          ),
        },
      },
    ],
    ["data", { data: "x".repeat(LIMITS.DATA_BYTES + 1) }],
  ])("names %s where it is wrong", async (field, fields) => {
    const body = { to: { tag: "both" }, data: "x", ...fields };
    const refused = await refusalOf(app, post("/v1/messages", body));
    expect(refused).toEqual({ code: "field_invalid", status: 400, field, touched: UNTOUCHED });
  });

  it.each([
    ["filter", { filter: { platform: ["ios"] } }],
    ["pace", { pace: 10 }],
  ])(
    "has %s alone: a message to a registration or an alias is refused with it",
    async (field, fields) => {
      for (const to of [one.regId, { alias: "a" }]) {
        const refused = await refusalOf(app, post("/v1/messages", { to, data: "x", ...fields }));
        expect(refused).toEqual({ code: "field_invalid", status: 400, field, touched: UNTOUCHED });
      }
    },
  );

  it.each<[string, object]>([
    ["a condition of the full depth", { to: { condition: { all: [nested(4), { tag: "both" }] } } }],
    ["as many tags as may be", { to: { condition: { any: [{ tag: "both" }, ...tags(4)] } } }],
    [
      "a filter of everything",
      {
        filter: {
          platform: values(LIMITS.FILTER_VALUES, LIMITS.ATTRIBUTE_VALUE_BYTES),
          appVersion: { min: "1", max: "999999999.0.0.1" },
          locale: ["de"],
          attributes: { tier: ["gold"] },
        },
      },
    ],
    ["no filter to speak of", { filter: { appVersion: {} } }],
    ["the fastest pace", { pace: LIMITS.PACE_MAX }],
    ["all that messages have", { ttl: 0, priority: "low", collapseKey: "c" }],
  ])("P8.1 takes %s", async (_, fields) => {
    const { response } = await send({ tag: "both" }, fields);
    expect(response.status).toBe(202);
  });
});

it("P7.1 a broadcast with a wrong signature touches no tag", async () => {
  const request = await signed(app, {
    ...post("/v1/messages", { to: { tag: "both" }, data: "x" }),
    parameters: { created: 1 },
  });
  const { response, touched } = await fetchCounting(request);
  expect([(await problemOf(response)).code, touched]).toEqual(["signature_expired", UNTOUCHED]);
});
