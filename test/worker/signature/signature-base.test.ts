import fc from "fast-check";
import { createSignature } from "http-message-sig";
import { expect, it } from "vitest";
import { readSignature } from "../../../worker/signature/base.ts";

const FIELDS = ["content-digest", "idempotency-key", "x-other"] as const;
const component = fc.constantFrom(
  "@method",
  "@path",
  "@query",
  "@authority",
  "@scheme",
  "@target-uri",
  ...FIELDS,
);
/** Strings with the characters that structured fields treat in ways of their own. */
const text = fc.string({ unit: fc.constantFrom(..."aZ0 ;,=:()\"\\%@?*'") });
const request = fc.record({
  components: fc.uniqueArray(component, { minLength: 1 }),
  parameters: fc.record(
    {
      created: fc.nat(),
      expires: fc.nat(),
      keyid: text,
      nonce: text,
      alg: fc.constant("test"),
      tag: text,
      other: fc.oneof(text, fc.integer(), fc.boolean()),
    },
    { requiredKeys: [] },
  ),
  label: fc.stringMatching(/^[a-z][a-z0-9_.*-]{0,8}$/),
  path: fc.constantFrom("/", "/v1/messages", "/a%20b/c", "/é", "//"),
  query: fc.constantFrom("", "?", "?a=1&b=%20", "?a=?/"),
  value: fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/),
  signature: fc.uint8Array({ maxLength: 70 }),
});

it("P7.1 the text that is verified is the text that another implementation signed, for every form of it", async () => {
  await fc.assert(
    fc.asyncProperty(
      request,
      async ({ components, parameters, label, path, query, value, signature }) => {
        const made = new Request(`https://push.example.com:8443${path}${query}`, {
          method: "POST",
          headers: FIELDS.map((name) => [name, value]),
        });
        let signed: Uint8Array = new Uint8Array();
        const signer = {
          algorithm: "test",
          sign: (base: Uint8Array) => {
            signed = base;
            return signature;
          },
        };
        const fields = await createSignature(made, { label, components, parameters, signer });
        made.headers.set("signature", fields.signature);
        made.headers.set("signature-input", fields.signatureInput);
        const read = readSignature(made);
        expect(new TextDecoder().decode(read.base)).toBe(new TextDecoder().decode(signed));
        expect(read.signature).toEqual(signature);
        expect(read.components).toEqual(components);
        const { created, expires, keyid, nonce, alg } = read;
        const { tag: _tag, other: _other, ...known } = parameters;
        expect({ created, expires, keyid, nonce, alg }).toEqual({
          created: undefined,
          expires: undefined,
          keyid: undefined,
          nonce: undefined,
          alg: undefined,
          ...known,
        });
      },
    ),
    { numRuns: 300 },
  );
});
