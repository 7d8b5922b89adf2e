/** The codec of every struct of the IDL: of the link, and of the tests' own with what the link has not. */
import { isDeepStrictEqual } from "node:util";
import { type FunctionType, SyntaxType } from "@creditkarma/thrift-parser";
import { ThriftError } from "../../../schema/codec/error.ts";
import type { Random } from "../../chaos/random.ts";
import { ALL_CODECS, type Codec } from "../../schema/support/codecs.ts";
import { type Ast, enumValues } from "../../schema/support/idl.ts";
import { officialDecode } from "../../schema/support/official.ts";
import { mutateBytes, someBytes } from "../mutate/bytes.ts";
import { mutateCompact } from "../mutate/compact.ts";
import { promise, type Target } from "../target.ts";

const TEXTS = ["", "a", "é", "\u{1f600}", "\0", "x".repeat(130)] as const;
/** Where varints get longer, and types end. */
const edge = (random: Random, bits: number): number => {
  const most = 2 ** (Math.min(bits, 54) - 1) - 1;
  const value = random.pick([0, 1, -1, 63, 64, -64, -65, most, -most, random.between(0, 2 ** 20)]);
  return Math.max(-most, Math.min(most, value));
};

function fieldOf(ast: Ast, type: FunctionType, random: Random): unknown {
  switch (type.type) {
    case SyntaxType.BoolKeyword:
      return random.chance(0.5);
    case SyntaxType.I16Keyword:
      return edge(random, 16);
    case SyntaxType.I32Keyword:
      return edge(random, 32);
    case SyntaxType.I64Keyword:
      return edge(random, 64);
    case SyntaxType.StringKeyword:
      return random.pick(TEXTS);
    case SyntaxType.BinaryKeyword:
      return someBytes(random, random.pick([0, 1, 9, 127, 128]));
    case SyntaxType.ListType: {
      const length = random.pick([0, 1, 2, 3, 14, 15]);
      return Array.from({ length }, () => fieldOf(ast, type.valueType, random));
    }
    case SyntaxType.Identifier: {
      const definition = ast.enums.get(type.value);
      if (definition === undefined) return shapeOf(ast, type.value, random);
      return random.pick(enumValues(definition) as [number, ...number[]]);
    }
    default:
      throw new Error(`no values of ${type.type}`);
  }
}

/** A valid value of a struct or union. */
export function shapeOf(ast: Ast, name: string, random: Random): unknown {
  const shape = ast.shapes.get(name);
  if (shape === undefined) throw new Error(`no shape ${name}`);
  if (shape.union) {
    const field = shape.fields[random.between(0, shape.fields.length - 1)];
    if (field === undefined) throw new Error(`${name} is empty`);
    return { kind: field.name.value, value: fieldOf(ast, field.fieldType, random) };
  }
  const present = shape.fields.filter(
    ({ requiredness }) => requiredness === "required" || random.chance(0.6),
  );
  return Object.fromEntries(
    present.map(({ name: { value }, fieldType }) => [value, fieldOf(ast, fieldType, random)]),
  );
}

const CODECS = ALL_CODECS as [Codec, ...Codec[]];
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** @returns the value; undefined where the bytes were refused by a typed error */
function read(codec: Codec, bytes: Uint8Array): { readonly value: unknown } | undefined {
  try {
    return { value: codec.decode(bytes) };
  } catch (error) {
    if (error instanceof ThriftError) return undefined;
    throw error;
  }
}

/** Whether a value has a field that a newer peer wrote, which cannot be encoded again. */
const isUnknown = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  (("kind" in value && value.kind === "unknown") || Object.values(value).some(isUnknown));

function attempt(random: Random): boolean {
  const codec = random.pick(CODECS);
  const value = shapeOf(codec.ast, codec.name, random);
  const valid = codec.encode(value);
  promise(
    isDeepStrictEqual(codec.decode(valid), value),
    () => `${codec.name}: ${hex(valid)} reads as another value`,
  );
  const donor = random.pick(CODECS);
  const other = donor.encode(shapeOf(donor.ast, donor.name, random));
  let bytes = mutateCompact(valid, random, other);
  if (random.chance(0.3)) bytes = mutateBytes(bytes, random, other);
  const found = read(codec, bytes);
  if (found === undefined) return false;
  if (!isUnknown(found.value)) {
    const again = codec.decode(codec.encode(found.value));
    promise(
      isDeepStrictEqual(again, found.value),
      () => `${codec.name}: ${hex(bytes)} changes when it is written again`,
    );
  }
  let official: unknown;
  try {
    official = officialDecode(codec.ast, codec.name, bytes);
  } catch {
    // It refuses what we take: lists of another type, for example.
    return true;
  }
  promise(
    isDeepStrictEqual(found.value, official),
    () => `${codec.name}: the official library reads ${hex(bytes)} as another value`,
  );
  return true;
}

export const codec: Target = { name: "codec", share: 40, open: () => ({ attempt }) };
