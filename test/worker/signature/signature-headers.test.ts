import fc from "fast-check";
import { describe, expect, it } from "vitest";
import vectors from "../../../schema/vectors/signature.json" with { type: "json" };
import { keyIdOf, readAny, readPlain } from "../../../worker/signature/headers.ts";

/** Text near the plain form: mostly in it, now and then outside. */
const mostly = <Value>(plain: fc.Arbitrary<Value>, other: fc.Arbitrary<Value>) =>
  fc.oneof({ arbitrary: plain, weight: 9 }, { arbitrary: other, weight: 1 });

const name = mostly(
  fc.constantFrom("@method", "@path", "content-digest", "x y", "", "a;b", "a=(b)"),
  fc.constantFrom('q"q', "back\\", "é"),
);
const key = mostly(
  fc.constantFrom("created", "expires", "keyid", "nonce", "alg", "tag", "*x", "a.b_c-9"),
  fc.constantFrom("Created", "9a", ""),
);
const value = mostly(
  fc.oneof(
    fc.nat().map(String),
    fc.constantFrom('""', '"a;b=c"', '" "', "0", "999999999999999"),
    fc.stringMatching(/^"[ !#-[\]-~]{0,12}"$/),
  ),
  fc.oneof(
    fc.constantFrom("-5", "007", "1.5", "1234567890123456", "token", "?1", ":AAAA:", '"é"', ""),
    fc.string({ maxLength: 12 }).map((text) => `"${text}"`),
  ),
);
const label = mostly(fc.constant("sig"), fc.constantFrom("sig1", "Sig", "*a.b-c"));
const input = fc
  .record({
    label,
    names: fc.array(name, { maxLength: 4 }),
    tail: fc.array(fc.tuple(key, value), { maxLength: 5 }),
    space: mostly(fc.constant(" "), fc.constant("  ")),
    end: mostly(fc.constant(""), fc.constantFrom(" ", ", sig2=()", ";")),
  })
  .map((one) => {
    const list = one.names.map((text) => `"${text}"`).join(one.space);
    return `${one.label}=(${list})${one.tail.map(([k, v]) => `;${k}=${v}`).join("")}${one.end}`;
  });
const signature = fc
  .tuple(
    label,
    mostly(fc.base64String({ maxLength: 64 }), fc.constantFrom("AB==", "A", "A===", "AA=A")),
    mostly(fc.constant(""), fc.constantFrom(";p=1", ", other=:AAAA:")),
  )
  .map(([by, text, end]) => `${by}=:${text}:${end}`);

describe("the plain reading of a signature's headers", () => {
  it("P7.1 is the library's wherever it reads at all", () => {
    let read = 0;
    fc.assert(
      fc.property(signature, input, (signatureText, inputText) => {
        const plain = readPlain(signatureText, inputText);
        if (plain === undefined) return;
        read++;
        expect(plain).toEqual(readAny(signatureText, inputText));
      }),
      { numRuns: 20_000 },
    );
    expect(read).toBeGreaterThan(1_000);
  });

  it.each(vectors.cases)(
    "reads what signers write: $title",
    ({ signature: text, signatureInput }) => {
      expect(readPlain(text, signatureInput)).toBeDefined();
    },
  );
});

const SIGNATURE = "sig=:AAAA:";
const TWICE = /twice/;

describe("what is repeated in a signature's headers", () => {
  it.each([
    ["a parameter", SIGNATURE, 'sig=("@path");keyid="a";created=1;keyid="b"'],
    ["a parameter, after a space", SIGNATURE, 'sig=("@path");keyid="a"; keyid="b"'],
    ["a parameter, without a value", SIGNATURE, 'sig=("@path");keyid="a";keyid'],
    ["a parameter, with a token", SIGNATURE, 'sig=("@path");keyid="a";keyid=b'],
    [
      "a parameter, after a string of separators",
      SIGNATURE,
      'sig=();t="\\";\\"";keyid="a";keyid="b"',
    ],
    ["a parameter, after a display string", SIGNATURE, 'sig=();t=%"\\";keyid="a";u="";keyid="b"'],
    ["a parameter of a component", SIGNATURE, 'sig=("a";key="b";key="c")'],
    ["a parameter of the signature", "sig=:AAAA:;p=1;p=2", 'sig=("@path")'],
    ["a label", SIGNATURE, 'sig=("@path");keyid="a", sig=("@path");keyid="b"'],
    ["the label of the signature", "sig=:AAAA:, sig=:BBBB:", 'sig=("@path")'],
  ])(
    "P7.1 is refused, as readers differ in which one counts: %s",
    (_, signatureText, inputText) => {
      expect(() => readAny(signatureText, inputText)).toThrow(TWICE);
      expect(readPlain(signatureText, inputText)).toBeUndefined();
    },
  );

  it("P7.1 is told from separators in strings", () => {
    const text = 'sig=("a,b;c" "d");keyid="a;b=1,c";tag="\\";x,";note=%"\\,;";bytes=:AAAA:';
    expect(readAny(SIGNATURE, text).parameters.get("keyid")).toBe("a;b=1,c");
  });
});

describe("the key by which a request counts", () => {
  it("P8.5 is the one that its signature is verified with", () => {
    let named = 0;
    const withKey = fc.tuple(input, fc.constantFrom("", ';keyid="a.k1"', '; keyid="a.k1"'));
    fc.assert(
      fc.property(withKey, ([text, end]) => {
        let verified: unknown;
        try {
          const label = text.slice(0, text.indexOf("="));
          verified = readAny(`${label}=:AAAA:`, text + end).parameters.get("keyid");
        } catch {
          // Refused, so it counts for no key.
        }
        if (typeof verified === "string" && verified !== "") named++;
        expect(keyIdOf(text + end)).toBe(typeof verified === "string" ? verified : "");
      }),
      { numRuns: 2_000 },
    );
    expect(named).toBeGreaterThan(100);
  });
});
