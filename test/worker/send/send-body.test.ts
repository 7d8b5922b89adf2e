import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { LIMITS } from "../../../schema/limits.ts";
import { createApp, signed, type TestApp } from "../support/app.ts";
import { createRecipient } from "../support/fleet.ts";
import { fetchCounting, problemOf, UNTOUCHED } from "../support/mesh.ts";

let app: TestApp;
let to: string;

beforeAll(async () => {
  app = await createApp();
  const recipient = await createRecipient(app);
  to = recipient.regId;
  recipient.link.close();
  expect((await post({ to, data: "warm" })).response.status).toBe(202);
});

const post = async (body: unknown, headers: Record<string, string> = {}) =>
  fetchCounting(await signed(app, { body, headers: { prefer: "respond-async", ...headers } }));

async function refused(body: unknown, code: string, headers: Record<string, string> = {}) {
  const { response, touched } = await post(body, headers);
  const problem = await problemOf(response);
  expect(problem.code).toBe(code);
  expect(touched).toEqual(UNTOUCHED);
  return problem;
}

const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
const fields: [string, unknown[]][] = [
  ["to", [undefined, null, 5, "", [], {}, true, "x".repeat(257)]],
  ["data", [null, 5, true, [], ["x"], { a: nested(LIMITS.DATA_DEPTH) }]],
  ["dataBase64", [null, 5, {}, "***", "YQ", "YWI=YWI=", "_-__"]],
  ["ttl", [null, "60", -1, 1.5, LIMITS.TTL_MAX_SECONDS + 1, true, [], {}]],
  ["priority", [null, "urgent", 1, "", "HIGH", []]],
  ["collapseKey", [null, "", 5, {}, "x".repeat(LIMITS.COLLAPSE_KEY_BYTES + 1), "é".repeat(33)]],
  ["label", [null, "", 5, {}, "x".repeat(LIMITS.LABEL_BYTES + 1), "é".repeat(33), "\ud800"]],
  ["trace", [null, "true", 1, [], {}]],
  ["onlineOnly", [null, 1, "true", {}]],
  ["validateOnly", [null, 1, "true", {}]],
  ["onOverflow", [null, "drop", true, ""]],
  [
    "sendAt",
    [
      ...[null, 5, "", "tomorrow", "2026-12-24", "2026-12-24T18:00", "2026-02-30T00:00:00Z"],
      ...[{}, { local: "2026-12-24T18:00:00Z" }, { local: "2027-02-29T00:00" }, { local: 5 }],
      { local: "2026-12-24T18:00", zone: "UTC" },
      new Date(Date.now() + LIMITS.SEND_AT_MAX_MS + 60_000).toISOString(),
      {
        local: new Date(Date.now() + LIMITS.SEND_AT_MAX_MS + 14 * 3_600_000)
          .toISOString()
          .slice(0, 16),
      },
    ],
  ],
  ["ignoreQuietHours", [null, 1, "true"]],
  ["encrypted", [null, false, 1, "true", true]],
  ["extra", [1, null]],
];

describe.each(fields)("P4.4 the field %s", (field, values) => {
  it.each(values.map((value) => [JSON.stringify(value)?.slice(0, 40), value]))(
    "refuses %s by name",
    async (_, value) => {
      const good = field === "dataBase64" ? { to } : { to, data: "x" };
      const problem = await refused({ ...good, [field]: value }, "field_invalid");
      // Of an object, the member at fault.
      expect(problem.field?.split(".")[0]).toBe(field);
      expect(problem.detail).toContain(field);
    },
  );
});

/** A body as RFC 8291 has it, in base64. */
function encryptedBody(length: number, idLength = 65, form = 4): string {
  const body = new Uint8Array(length).fill(0x80);
  body.set([idLength, form].slice(0, Math.max(0, length - 20)), 20);
  return btoa(String.fromCharCode(...body));
}

describe("S32 an encrypted message", () => {
  const encrypted = (dataBase64: string, target: unknown = to) => ({
    to: target,
    dataBase64,
    encrypted: true,
  });

  it.each([103, LIMITS.DATA_BYTES])("S32 of %i bytes is taken", async (length) => {
    expect((await post(encrypted(encryptedBody(length)))).response.status).toBe(202);
  });

  it.each([
    ["shorter than any", encryptedBody(102)],
    ["a byte too long", encryptedBody(LIMITS.DATA_BYTES + 1)],
    ["of another key ID", encryptedBody(200, 64)],
    ["of a compressed point", encryptedBody(200, 65, 2)],
    ["empty", ""],
    ["plain text", btoa("the code is 4711 ".repeat(20))],
  ])("S32 that is %s is refused by name", async (_, dataBase64) => {
    const problem = await refused(encrypted(dataBase64), "field_invalid");
    expect(problem.field).toBe("dataBase64");
  });

  it.each([[{ alias: "a" }], [{ tag: "t" }], [{ everyone: true }], [{ condition: { tag: "t" } }]])(
    "S32 to %j is refused, because it has one key",
    async (target) => {
      const problem = await refused(encrypted(encryptedBody(200), target), "field_invalid");
      expect(problem.field).toBe("encrypted");
      expect(problem.detail).toContain("only to a regId");
    },
  );
});

describe("O2 the notification", () => {
  const url = (bytes: number) => `/${"x".repeat(bytes - 1)}`;
  const button = (n: number) => ({ action: `a${n}`, title: "Yes" });
  const texts = ["title", "body", "icon", "image", "url"].map((name) => [
    ...[name, [null, "", 5, {}, "\ud800"]],
  ]) as [string, unknown[]][];
  const urls = [
    ...[
      "javascript:alert(1)",
      "JAVASCRIPT:alert(1)",
      "java\nscript:alert(1)",
      " javascript:alert(1)",
    ],
    ...["data:text/html,x", "http://example.com/", "https://", "https:example.com"],
    ...["https://user@example.com/", "//example.com/", "/\\example.com", "/a b", "/a\u0007"],
  ];
  const bad: [string, unknown[]][] = [
    ["", [null, 5, "title", [], {}, { body: "no title" }, { badge: 1, actions: [button(1)] }]],
    ...texts,
    ["title", ["x".repeat(LIMITS.NOTIFICATION_TITLE_BYTES + 1)]],
    ["body", ["x".repeat(LIMITS.NOTIFICATION_BODY_BYTES + 1)]],
    ...(["icon", "image", "url"] as const).map(
      (name) => [name, [...urls, url(LIMITS.NOTIFICATION_URL_BYTES + 1)]] as [string, unknown[]],
    ),
    ["badge", [null, "1", -1, 1.5, LIMITS.NOTIFICATION_BADGE_MAX + 1]],
    [
      "actions",
      [
        ...[null, {}, "yes", [], [null], [{}], [{ title: "Yes" }], [{ action: "yes" }]],
        ...[[{ ...button(1), url: "javascript:x" }], [{ ...button(1), more: 1 }]],
        [{ action: "x".repeat(LIMITS.NOTIFICATION_ACTION_BYTES + 1), title: "Yes" }],
        [{ action: "yes", title: "x".repeat(LIMITS.NOTIFICATION_ACTION_TITLE_BYTES + 1) }],
        [button(1), button(1)],
        Array.from({ length: LIMITS.NOTIFICATION_ACTIONS + 1 }, (_, n) => button(n)),
      ],
    ],
    ["extra", [1]],
  ];
  const cases = bad.flatMap(([name, values]) =>
    values.map((value) => [name, JSON.stringify(value).slice(0, 40), value] as const),
  );
  it.each(cases)("O2 refuses %s %s by its name", async (name, _, value) => {
    const notification = name === "" ? value : { title: "x", [name]: value };
    const problem = await refused({ to, data: "x", notification }, "field_invalid");
    expect(problem.field).toMatch(/^notification\b/);
    if (name !== "" && name !== "extra") expect(problem.field).toContain(name);
  });

  it.each([
    [
      "the longest texts",
      { title: "x".repeat(LIMITS.NOTIFICATION_TITLE_BYTES), body: "é".repeat(1_024) },
    ],
    [
      "the longest URLs",
      { title: "x", icon: url(LIMITS.NOTIFICATION_URL_BYTES), image: url(1_024) },
    ],
    [
      "URLs of every form",
      { title: "x", icon: "a.png", image: "?a:b", url: "HTTPS://example.com:8443" },
    ],
    ["no badge", { badge: 0 }],
    ["the highest badge", { badge: LIMITS.NOTIFICATION_BADGE_MAX }],
    ["all buttons", { title: "x", actions: [1, 2, 3, 4].map(button) }],
  ])("O2 takes %s, without data", async (_, notification) => {
    expect((await post({ to, notification })).response.status).toBe(202);
    expect((await post({ to: { everyone: true }, notification })).response.status).toBe(202);
  });

  it("O2 P8.1 has room with the data up to the bound of data", async () => {
    const notification = { title: "é".repeat(100) };
    const size = new TextEncoder().encode(JSON.stringify(notification)).length;
    const data = "x".repeat(LIMITS.DATA_BYTES - size);
    expect((await post({ to, data, notification })).response.status).toBe(202);
    const problem = await refused({ to, data: `${data}x`, notification }, "field_invalid");
    expect(problem).toMatchObject({ field: "notification" });
    expect(problem.detail).toContain(`${LIMITS.DATA_BYTES + 1} bytes`);
  });

  it("O2 is refused beside an encrypted body, into which it goes", async () => {
    const encrypted = { dataBase64: encryptedBody(200), encrypted: true };
    const sent = { to, ...encrypted, notification: { title: "x" } };
    expect((await refused(sent, "field_invalid")).field).toBe("notification");
  });
});

describe("P8.1 the data", () => {
  const bound = LIMITS.DATA_BYTES;
  it.each([
    ["text", { data: "x".repeat(bound) }, { data: "x".repeat(bound + 1) }],
    [
      "text counted in bytes",
      { data: "é".repeat(bound / 2) },
      { data: `${"é".repeat(bound / 2)}x` },
    ],
    ["JSON", { data: { a: "x".repeat(bound - 8) } }, { data: { a: "x".repeat(bound - 7) } }],
    [
      "text of control characters, six bytes of JSON each",
      { data: "\u0001".repeat(bound) },
      { data: "\u0001".repeat(bound + 1) },
    ],
    ["bytes", { dataBase64: btoa("x".repeat(bound)) }, { dataBase64: btoa("x".repeat(bound + 1)) }],
    [
      "depth",
      { data: { a: nested(LIMITS.DATA_DEPTH - 1) } },
      { data: { a: nested(LIMITS.DATA_DEPTH) } },
    ],
  ])("as %s is taken at the bound and refused one past it", async (_, good, bad) => {
    expect((await post({ to, ...good })).response.status).toBe(202);
    await refused({ to, ...bad }, "field_invalid");
  });

  it("is given once", async () => {
    expect((await refused({ to }, "field_invalid")).field).toBe("data");
    expect((await refused({ to, data: "x", dataBase64: "eA==" }, "field_invalid")).field).toBe(
      "data",
    );
  });

  it.each(["1e999", '"\\ud800"', '{"a":{"b":-1e999}}'])(
    "refuses %s, which could not go on as it is",
    async (json) => {
      const data = json.startsWith("{") || json.startsWith('"') ? json : `{"a":${json}}`;
      await refused(`{"to":"${to}","data":${data}}`, "field_invalid");
    },
  );

  it.each([
    ['{"a":1,"a":2}', "a"],
    ['{"a":{"b":[{"c":1,"\\u0063":1}]}}', "c"],
    ['"x","data":"y"', "data"],
    ['"x","to":"y"', "to"],
  ])("with a member given twice is refused by its name: %s", async (data, field) => {
    const problem = await refused(`{"to":"${to}","data":${data}}`, "field_invalid");
    expect(problem.field).toBe(field);
    expect(problem.detail).toContain("given twice");
  });

  it("refuses brackets that would exhaust the stack of a careless reader", async () => {
    const depth = 7_900;
    const data = `{"a":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    await refused(`{"to":"${to}","data":${data}}`, "body_invalid");
  });
});

it("P1.8 data arrives with every number as it was written", async () => {
  const { link, regId } = await createRecipient(app);
  const written = '{"id": 9223372036854775807, "price": 1.50}';
  const next = link.nextMessage();
  expect((await post(`{"to":"${regId}","data":${written}}`)).response.status).toBe(202);
  const message = await next;
  expect(new TextDecoder().decode(message?.data)).toBe('{"id":9223372036854775807,"price":1.50}');
  link.close();
});

describe("P8.1 the body", () => {
  const filled = (bytes: number): string => {
    const text = `{"to":"${to}","data":"x"}`;
    return text + " ".repeat(bytes - text.length);
  };

  it("is taken at its bound and refused one byte past it, declared or not", async () => {
    const bound = LIMITS.MESSAGE_BODY_BYTES;
    expect((await post(filled(bound))).response.status).toBe(202);
    await refused(filled(bound + 1), "body_too_large");

    const request = await signed(app, { body: filled(bound + 1) });
    const { readable, writable } = new TransformStream<Uint8Array>();
    const chunked = new Request(request.url, {
      method: "POST",
      headers: request.headers,
      body: readable,
    });
    const writer = writable.getWriter();
    // The reader may leave before the end.
    const written = writer
      .write(new Uint8Array(bound + 1))
      .then(() => writer.close())
      .catch(() => {});
    const { response } = await fetchCounting(chunked);
    expect((await problemOf(response)).code).toBe("body_too_large");
    await written;
  });

  it("P8.1 of a declared length beyond the bound is refused before it is read", async () => {
    const headers = { "content-type": "application/json", "content-length": "99999999" };
    const request = new Request("https://push.example.com/v1/messages", {
      method: "POST",
      headers,
      body: "{}",
    });
    const { response, touched } = await fetchCounting(request);
    expect((await problemOf(response)).code).toBe("body_too_large");
    expect(touched).toEqual(UNTOUCHED);
  });

  it.each(["", "{", "null,", "{'a':1}", "\u0000"])(
    "that is no JSON is refused: %j",
    async (body) => {
      await refused(body, "body_invalid");
    },
  );

  it.each(["null", "[]", "5", '"x"'])("that is no object is refused: %s", async (body) => {
    await refused(body, "field_invalid");
  });

  it.each(["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "json", ""])(
    "of the content type %j is refused",
    async (type) => {
      await refused({ to, data: "x" }, "content_type_unsupported", { "content-type": type });
    },
  );

  it.each(["application/json; charset=utf-8", "APPLICATION/JSON", "application/json ;x=y"])(
    "of the content type %j is taken",
    async (type) => {
      expect((await post({ to, data: "x" }, { "content-type": type })).response.status).toBe(202);
    },
  );

  it("P8.2 of any JSON at all is answered by the table, and never by a crash", async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), async (body) => {
        const { response, touched } = await post(body);
        expect((await problemOf(response)).code).toMatch(/^(field_invalid|body_invalid)$/);
        expect(touched).toEqual(UNTOUCHED);
      }),
      { numRuns: 60 },
    );
  });
});
