/** Data of a sender, as it goes to the mesh or is refused. */
import { expect, test } from "vitest";
import { PushServer } from "../../../sdk/server/mod.ts";

const bodies: string[] = [];
const push = new PushServer({
  url: "https://push.example.com",
  keyId: "app.k1",
  key: Buffer.alloc(32, 7).toString("base64url"),
  host: {
    fetch: async (_, { body }) => {
      bodies.push(new TextDecoder().decode(body as Uint8Array));
      return Response.json({});
    },
  },
});

test.each([
  ['{"a":1.50,"b":0.1234567890123456789}'],
  ['{"a":{"x":1,"x":2}}'],
  ['{"__proto__":{"a":1}}'],
  [' {"a" : 12345678901234567890 } '],
])("P1.8 json %s goes to the mesh as it is written", async (json) => {
  bodies.length = 0;
  await push.send({ to: "r", json, ttl: 60 });
  await push.broadcast({ to: { tag: "t" }, json });
  expect(bodies).toEqual([
    `{"to":"r","ttl":60,"data":${json}}`,
    `{"to":{"tag":"t"},"data":${json}}`,
  ]);
});

test.each([["text"], ['{"a":1},"to":"another"'], ['{"a":1'], ["1"], ["null"], [1]])(
  "json that is no JSON object is refused before a call: %s",
  async (json) => {
    bodies.length = 0;
    await expect(push.send({ to: "r", json: json as string })).rejects.toMatchObject({
      code: "option_invalid",
      message: expect.stringMatching(/^json: /),
    });
    await expect(push.send({ to: "r", json: "{}", data: "x" })).rejects.toMatchObject({
      code: "option_invalid",
    });
    expect(bodies).toEqual([]);
  },
);

class Order {
  readonly id = 1;
  readonly note = undefined;
  total(): number {
    return this.id;
  }
}
class Secret {
  readonly #id = 1;
  get id(): number {
    return this.#id;
  }
}
const cyclic: Record<string, unknown> = {};
cyclic["self"] = { cyclic };

test.each<[string, object, string]>([
  ["an interface's object", { a: [1, null, { b: true }] }, '{"a":[1,null,{"b":true}]}'],
  ["a class instance, by its fields", new Order(), '{"id":1}'],
  ["an object without a prototype", Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
  ["an empty object", {}, "{}"],
  ["what toJSON gives", { toJSON: () => ({ a: 1 }) }, '{"a":1}'],
  ["a Date in it", { at: new Date(0) }, '{"at":"1970-01-01T00:00:00.000Z"}'],
  ["a bigint in it", { id: 2n ** 63n }, '{"id":9223372036854775808}'],
  ["an empty list and object in it", { a: [], b: {} }, '{"a":[],"b":{}}'],
])("P1.8 data goes to the mesh as JSON has it: %s", async (_, data, json) => {
  bodies.length = 0;
  await push.send({ to: "r", data });
  expect(bodies).toEqual([`{"to":"r","data":${json}}`]);
});

test.each<[string, unknown, string]>([
  ["a list", [1, 2], "data: must be an object, text or bytes, and is Array"],
  ["an empty list", [], "data: must be an object, text or bytes, and is Array"],
  ["a Date", new Date(0), "data: must be an object, text or bytes, and is Date"],
  ["a URL", new URL("http://a.b"), "data: must be an object, text or bytes, and is URL"],
  ["a function", () => 1, "data: must be an object, text or bytes, and is function"],
  ["a symbol", Symbol("x"), "data: must be an object, text or bytes, and is symbol"],
  ["a bigint", 10n, "data: must be an object, text or bytes, and is bigint"],
  ["NaN", Number.NaN, "data: must be an object, text or bytes, and is NaN"],
  ["a number", 5, "data: must be an object, text or bytes, and is 5"],
  ["true", true, "data: must be an object, text or bytes, and is boolean"],
  ["null", null, "data: must be an object, text or bytes, and is null"],
  ["nothing", undefined, "data: must be given, or json, or a notification"],
  ["a Map", new Map([[1, 2]]), "data: JSON has no form for Map"],
  ["a Promise", Promise.resolve({ a: 1 }), "data: JSON has no form for Promise"],
  ["an Error", new Error("x"), "data: JSON has no form for Error"],
  ["a Blob", new Blob(["x"]), "data: JSON has no form for Blob"],
  ["what has private fields alone", new Secret(), "data: JSON has no form for Secret"],
  ["a function in it", { a: [{ f() {} }] }, "data.a.0.f: JSON has no form for function"],
  ["a symbol in it", { a: Symbol("x") }, "data.a: JSON has no form for symbol"],
  ["NaN in it", { a: { b: [1, Number.NaN] } }, "data.a.b.1: JSON has no form for NaN"],
  ["undefined in a list", { a: [undefined] }, "data.a.0: JSON has no form for undefined"],
  ["a Date that is none", { at: new Date("x") }, "data.at: JSON has no form for an invalid Date"],
  ["itself", cyclic, "data.self.cyclic: Converting circular structure to JSON"],
])(
  "P4.4 data that would arrive as another is refused before a call: %s",
  async (_, data, message) => {
    bodies.length = 0;
    const error = { name: "PushServerError", code: "option_invalid", retry: "never", message };
    await expect(push.send({ to: "r", data: data as object })).rejects.toMatchObject(error);
    await expect(push.broadcast({ to: { tag: "t" }, data: data as object })).rejects.toMatchObject(
      error,
    );
    expect(bodies).toEqual([]);
  },
);
