/** The published bytes: both ways, by our codec and by the official package. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { ThriftError } from "../../schema/codec/error.ts";
import { fromVectorJson } from "../../scripts/vectors/json.ts";
import { LINK_CODECS, linkCodec, REPOSITORY } from "./support/codecs.ts";
import { officialDecode, officialEncode } from "./support/official.ts";

interface Vector {
  readonly name: string;
  readonly struct: string;
  readonly hex: string;
  readonly value?: unknown;
  readonly canonical?: false;
  readonly error?: string;
}

const text = readFileSync(resolve(REPOSITORY, "schema/vectors/link.json"), "utf8");
const vectors = JSON.parse(text, fromVectorJson) as readonly Vector[];
const good = vectors.filter((vector) => vector.error === undefined);
const bad = vectors.filter((vector) => vector.error !== undefined);
const canonical = good.filter((vector) => vector.canonical !== false);

// Buffer.from stops at the first character that is no hex: the length shows it.
const fromHex = (hex: string): Uint8Array => {
  const bytes = new Uint8Array(Buffer.from(hex, "hex"));
  expect(bytes.length * 2).toBe(hex.length);
  return bytes;
};
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("a vector", () => {
  test.each(good)("$struct is read: $name", ({ struct, hex, value }) => {
    const codec = linkCodec(struct);
    expect(codec.decode(fromHex(hex))).toStrictEqual(value);
    expect(officialDecode(codec.ast, struct, fromHex(hex))).toStrictEqual(value);
  });

  test.each(canonical)("$struct is written: $name", ({ struct, hex, value }) => {
    const codec = linkCodec(struct);
    expect(toHex(codec.encode(value))).toBe(hex);
    expect(toHex(officialEncode(codec.ast, struct, value))).toBe(hex);
  });

  test.each(bad)("P7 $struct is refused as $error: $name", ({ struct, hex, error }) => {
    let thrown: unknown;
    try {
      linkCodec(struct).decode(fromHex(hex));
    } catch (caught) {
      thrown = caught;
    }
    expect(thrown).toBeInstanceOf(ThriftError);
    expect(thrown).toHaveProperty("kind", error);
  });
});

describe("the vectors", () => {
  test("have a name each", () => {
    expect(new Set(vectors.map(({ name }) => name)).size).toBe(vectors.length);
  });

  test("have every struct, and every kind of every union", () => {
    const covered = new Set(canonical.map(({ struct }) => struct));
    for (const { name, ast } of LINK_CODECS) {
      expect(covered).toContain(name);
      const shape = ast.shapes.get(name);
      if (shape?.union !== true) continue;
      const kinds = canonical
        .filter(({ struct }) => struct === name)
        .map(({ value }) => (value as { kind: string }).kind);
      expect(kinds).toEqual(expect.arrayContaining(shape.fields.map((field) => field.name.value)));
    }
  });

  test("have every kind of error", () => {
    expect(new Set(bad.map(({ error }) => error))).toEqual(
      new Set([
        "truncated",
        "trailing",
        "overlong",
        "type",
        "depth",
        "count",
        "missing",
        "range",
        "utf8",
        "union",
      ]),
    );
  });
});
