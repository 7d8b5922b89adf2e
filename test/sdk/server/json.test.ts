/** Data that a sender gives as JSON text. */
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
