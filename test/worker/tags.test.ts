import { beforeAll, describe, expect, it, vi } from "vitest";
import type {
  RegistrationAnswerBody,
  ResultsAnswerBody,
  TagAnswerBody,
  TagsAnswerBody,
} from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { SOON } from "../support/soon.ts";
import { createApp, signed, type TestApp } from "./support/app.ts";
import { createRecipient, type Recipient } from "./support/fleet.ts";
import { fetchCounting, problemOf, UNTOUCHED } from "./support/mesh.ts";
import { ask, get, post, put, refusalOf } from "./support/server.ts";

let app: TestApp;
let other: TestApp;
let one: Recipient;
let two: Recipient;

beforeAll(async () => {
  app = await createApp();
  other = await createApp();
  one = await createRecipient(app);
  two = await createRecipient(app);
  // Makes the edge know the other app.
  await refusalOf(other, get("/v1/tags/none"));
});

const members = (tag: string, fields: object, by: TestApp = app) =>
  ask<ResultsAnswerBody>(by, post("/v1/tags/members", { tag, ...fields }));
const tagsOf = async (regId: string) =>
  (await ask<RegistrationAnswerBody>(app, get(`/v1/registrations/${regId}`))).body.tags;
const tagAt = (tag: string, by: TestApp = app) =>
  ask<TagAnswerBody>(by, get(`/v1/tags/${encodeURIComponent(tag)}`));

describe("POST /v1/tags/members", () => {
  it("T11 subscribes registrations and unsubscribes others, with a result for each in their order", async () => {
    await members("news", { add: [two.regId] });
    const { body, touched } = await members("news", { add: [one.regId], remove: [two.regId] });
    expect(body.results).toEqual([
      { regId: one.regId, ok: true },
      { regId: two.regId, ok: true },
    ]);
    expect(touched).toEqual({ ...UNTOUCHED, devices: 2, tagDirectories: 1 });
    expect(await tagsOf(one.regId)).toContain("news");
    expect(await tagsOf(two.regId)).not.toContain("news");
    expect((await tagAt("news")).body).toMatchObject({ tag: "news", members: 1, nodes: 1 });
  });

  it("A6 a copy of a signed change is refused, and undoes nothing", async () => {
    const change = (fields: object) =>
      signed(app, { path: "/v1/tags/members", body: { tag: "copied", ...fields } });
    for (const [then, isMember] of [
      [{ remove: [one.regId] }, false],
      [{ add: [one.regId] }, true],
    ] as const) {
      const first = await change(isMember ? { remove: [one.regId] } : { add: [one.regId] });
      const copy = first.clone();
      expect((await fetchCounting(first)).response.status).toBe(200);
      await members("copied", then);
      const { response, touched } = await fetchCounting(copy);
      expect((await problemOf(response)).code).toBe("request_replayed");
      expect(touched).toEqual({ ...UNTOUCHED, tagDirectories: 1 });
      expect((await tagsOf(one.regId)).includes("copied")).toBe(isMember);
    }
  });

  it("T11 is safe to repeat", async () => {
    for (const _ of [1, 2]) await members("again", { add: [one.regId] });
    expect((await tagAt("again")).body.members).toBe(1);
    for (const _ of [1, 2]) await members("again", { remove: [one.regId] });
    expect((await tagAt("again")).body.members).toBe(0);
  });

  it("P7.2 refuses forged and foreign regIds without touching an object, and goes on with the others", async () => {
    const forged = "A".repeat(60);
    const mine = await members("mixed", { add: [forged, one.regId], remove: ["x"] });
    expect(mine.body.results).toMatchObject([
      { regId: forged, ok: false, error: "reg_id_invalid" },
      { regId: one.regId, ok: true },
      { regId: "x", ok: false, error: "reg_id_invalid" },
    ]);
    expect(mine.touched).toEqual({ ...UNTOUCHED, devices: 1, tagDirectories: 1 });
    const foreign = await members("mixed", { add: [one.regId] }, other);
    expect(foreign.body.results).toMatchObject([{ ok: false, error: "reg_id_foreign" }]);
    expect(foreign.touched).toEqual(UNTOUCHED);
  });

  it("P4.8 says of an ended registration that it is", async () => {
    const gone = await createRecipient(app);
    await gone.link.unregister();
    const { body } = await members("news", { add: [gone.regId] });
    expect(body.results).toMatchObject([{ ok: false, error: "unregistered" }]);
  });

  it("P8.1 takes 1,000 regIds, and not one more", async () => {
    const names = (count: number) =>
      Array.from({ length: count }, (_, i) => `${i}`.padEnd(60, "x"));
    const { body, touched } = await members("many", {
      add: names(LIMITS.SUBSCRIBE_REGISTRATIONS),
    });
    expect(body.results.length).toBe(LIMITS.SUBSCRIBE_REGISTRATIONS);
    expect(touched).toEqual(UNTOUCHED);
    const over = post("/v1/tags/members", {
      tag: "many",
      add: names(LIMITS.SUBSCRIBE_REGISTRATIONS),
      remove: ["x"],
    });
    expect(await refusalOf(app, over)).toMatchObject({ code: "field_invalid", field: "add" });
  });

  it("P8.1 takes a body up to its bound", async () => {
    const body = (bytes: number) => {
      const text = JSON.stringify({ tag: "pad", add: ["x"] });
      return text.padEnd(bytes, " ");
    };
    const path = "/v1/tags/members";
    await ask(app, { path, body: body(LIMITS.SUBSCRIBE_BODY_BYTES) });
    const over = { path, body: body(LIMITS.SUBSCRIBE_BODY_BYTES + 1) };
    expect(await refusalOf(app, over)).toMatchObject({ code: "body_too_large", status: 413 });
  });

  it.each([
    ["tag", { tag: "", add: ["x"] }],
    ["tag", { tag: "x".repeat(LIMITS.TAG_BYTES + 1), add: ["x"] }],
    ["tag", { tag: "\udc00", add: ["x"] }],
    ["tag", { add: ["x"] }],
    ["add", { tag: "a" }],
    ["add.0", { tag: "a", add: [""] }],
    ["add.0", { tag: "a", add: ["x".repeat(257)] }],
    ["remove", { tag: "a", add: ["x"], remove: ["x"] }],
    ["more", { tag: "a", add: ["x"], more: 1 }],
  ])("P4.4 the field %s is named where it is wrong", async (field, body) => {
    const refused = await refusalOf(app, post("/v1/tags/members", body));
    expect(refused).toEqual({ code: "field_invalid", status: 400, field, touched: UNTOUCHED });
  });
});

describe("a tag in a path", () => {
  it.each(["a/b?c#d", "100%", "%2F", "e\u0301 ü", "members", "x".repeat(LIMITS.TAG_BYTES)])(
    "T12 any text names one: %j",
    async (tag) => {
      await members(tag, { add: [one.regId] });
      expect((await tagAt(tag)).body).toMatchObject({ tag, members: 1, live: "token" });
      await members(tag, { remove: [one.regId] });
    },
  );

  it.each(["%ff", "%e0%80%80", "x".repeat(LIMITS.TAG_BYTES + 1), "%ed%a0%80"])(
    "P4.4 refuses %s",
    async (path) => {
      const refused = await refusalOf(app, get(`/v1/tags/${path}`));
      expect(refused).toEqual({
        code: "field_invalid",
        status: 400,
        field: "tag",
        touched: UNTOUCHED,
      });
    },
  );

  it("T12 nobody ever joined is unknown, and so is another app's", async () => {
    await members("mine", { add: [one.regId] });
    expect((await refusalOf(app, get("/v1/tags/nobody"))).code).toBe("tag_unknown");
    expect((await refusalOf(other, get("/v1/tags/mine"))).code).toBe("tag_unknown");
  });

  it.each([
    ["PUT", "/v1/tags/members", "GET, POST"],
    ["POST", "/v1/tags/else", "GET"],
    ["GET", "/v1/tags/else/live", "PUT"],
    ["POST", "/v1/registrations/x", "DELETE, GET"],
    ["GET", "/v1/aliases", "POST"],
  ])("tells which methods there are: %s %s", async (method, path, allow) => {
    const { response } = await fetchCounting(await signed(app, { method, path, body: {} }));
    expect((await problemOf(response)).code).toBe("method_not_allowed");
    expect(response.headers.get("allow")).toBe(allow);
  });
});

describe("who may listen", () => {
  it("A6 a copy of a signed change is refused, and opens nothing", async () => {
    const body = { access: "open" };
    const open = await signed(app, { method: "PUT", path: "/v1/tags/shut/live", body });
    const copy = open.clone();
    expect((await fetchCounting(open)).response.status).toBe(204);
    await ask(app, put("/v1/tags/shut/live", { access: "closed" }));
    const { response } = await fetchCounting(copy);
    expect((await problemOf(response)).code).toBe("request_replayed");
    expect((await tagAt("shut")).body.live).toBe("closed");
  });

  it("is told to the tag's root, before anybody joined it too", async () => {
    const { response } = await ask(app, put("/v1/tags/stage/live", { access: "open" }));
    expect(response.status).toBe(204);
    expect((await tagAt("stage")).body).toMatchObject({ tag: "stage", live: "open", members: 0 });
    await ask(app, put("/v1/tags/stage/live", { access: "closed" }));
    expect((await tagAt("stage")).body.live).toBe("closed");
  });

  it("P4.4 is one of three", async () => {
    const refused = await refusalOf(app, put("/v1/tags/stage/live", { access: "all" }));
    expect(refused).toMatchObject({ code: "field_invalid", field: "access" });
  });

  it("P7.1 is signed with its body", async () => {
    const request = await signed(app, {
      ...put("/v1/tags/stage/live", { access: "open" }),
      components: ["@method", "@path"],
    });
    const { response, touched } = await fetchCounting(request);
    expect([(await problemOf(response)).code, touched]).toEqual([
      "signature_incomplete",
      UNTOUCHED,
    ]);
  });
});

describe("GET /v1/registrations", () => {
  it("T13 tells tags, aliases and whether it is connected", async () => {
    const fresh = await createRecipient(app);
    await members("listed", { add: [fresh.regId] });
    const path = `/v1/registrations/${fresh.regId}`;
    const { body, touched } = await ask<RegistrationAnswerBody>(app, get(path));
    expect(touched).toEqual({ ...UNTOUCHED, devices: 1 });
    expect(body).toEqual({
      regId: fresh.regId,
      tags: ["listed"],
      aliases: [],
      attributes: null,
      ...{ connected: true, lastSeenAt: null, pushEnabled: true },
    });
    fresh.link.close();
    await vi.waitFor(async () => {
      expect((await ask<RegistrationAnswerBody>(app, get(path))).body.connected).toBe(false);
    }, SOON);
  });

  it("P7.2 refuses forged and foreign regIds, and touches nothing", async () => {
    expect(await refusalOf(app, get(`/v1/registrations/${"A".repeat(60)}`))).toMatchObject({
      code: "reg_id_invalid",
      touched: UNTOUCHED,
    });
    expect(await refusalOf(other, get(`/v1/registrations/${one.regId}`))).toMatchObject({
      code: "reg_id_foreign",
      touched: UNTOUCHED,
    });
  });
});

describe("GET /v1/tags", () => {
  const list = (query: string) => ask<TagsAnswerBody>(app, get(`/v1/tags${query}`));

  it("T14 lists the app's tags, page by page", async () => {
    for (const tag of ["list/a", "list/b", "list/c"]) await members(tag, { add: [one.regId] });
    const query = "?prefix=list%2F&sort=tag&order=desc&limit=2";
    await vi.waitFor(
      async () => {
        const { body, touched } = await list(query);
        expect(touched).toEqual({ ...UNTOUCHED, tagDirectories: LIMITS.TAG_DIRECTORY_SHARDS });
        expect(body.tags.map(({ tag }) => tag)).toEqual(["list/c", "list/b"]);
        const cursor = encodeURIComponent(body.next ?? "");
        const rest = (await list(`${query}&cursor=${cursor}`)).body;
        expect(rest).toMatchObject({ tags: [{ tag: "list/a", members: 1 }], next: null });
      },
      { timeout: 15_000 },
    );
    expect((await ask<TagsAnswerBody>(other, get("/v1/tags"))).body.tags).toEqual([]);
  }, 20_000);

  it.each([
    ["cursor", "?cursor=forged"],
    ["sort", "?sort=size"],
    ["limit", "?limit=0"],
    ["limit", `?limit=${LIMITS.DIRECTORY_PAGE + 1}`],
    ["minMembers", "?minMembers=-1"],
    ["limit", "?limit=1&limit=2"],
    ["more", "?more=1"],
    ["prefix", `?prefix=${"x".repeat(LIMITS.TAG_BYTES + 1)}`],
  ])("P4.4 the parameter %s is named where it is wrong", async (field, query) => {
    expect(await refusalOf(app, get(`/v1/tags${query}`))).toMatchObject({
      code: "field_invalid",
      field,
    });
  });

  it("P7.1 has its query signed", async () => {
    const request = await signed(app, {
      ...get("/v1/tags?limit=1"),
      components: ["@method", "@path"],
    });
    const { response } = await fetchCounting(request);
    expect((await problemOf(response)).code).toBe("signature_incomplete");
  });
});
