/** fast-check arbitraries of the values of an IDL's structs, as our codec takes them. */
import { type FunctionType, SyntaxType } from "@creditkarma/thrift-parser";
import fc from "fast-check";
import { type Ast, enumValues } from "./idl.ts";

/** Numbers crowd where varints change length and where types end. */
function integer(min: number, max: number): fc.Arbitrary<number> {
  const edges = [0, -1, 63, 64, -64, -65, 8191, 8192, 2 ** 27, 2 ** 28, -(2 ** 31), 2 ** 31 - 1];
  for (let bits = 34; bits <= 53; bits++) edges.push(2 ** bits - 1, 1 - 2 ** bits, 2 ** (bits - 1));
  return fc.oneof(
    fc.integer({ min, max }),
    fc.constantFrom(min, max, ...edges.filter((edge) => edge >= min && edge <= max)),
  );
}

// Lists of 15 and more have another header; strings and binaries of 128 and more another length.
const LIST = { maxLength: 17 } as const;
const text = fc
  .oneof(fc.string({ unit: "binary", maxLength: 200 }), fc.string({ unit: "grapheme" }))
  .map((value) => value.toWellFormed());
const bytes = fc.uint8Array({ maxLength: 200 });

function fieldValue(ast: Ast, type: FunctionType): fc.Arbitrary<unknown> {
  switch (type.type) {
    case SyntaxType.BoolKeyword:
      return fc.boolean();
    case SyntaxType.I16Keyword:
      return integer(-(2 ** 15), 2 ** 15 - 1);
    case SyntaxType.I32Keyword:
      return integer(-(2 ** 31), 2 ** 31 - 1);
    case SyntaxType.I64Keyword:
      return integer(-(2 ** 53 - 1), 2 ** 53 - 1);
    case SyntaxType.StringKeyword:
      return text;
    case SyntaxType.BinaryKeyword:
      return bytes;
    case SyntaxType.ListType:
      return fc.array(fieldValue(ast, type.valueType), LIST);
    case SyntaxType.Identifier: {
      const definition = ast.enums.get(type.value);
      if (definition !== undefined) return fc.constantFrom(...enumValues(definition));
      return shapeValue(ast, type.value);
    }
    default:
      throw new Error(`no values of ${type.type}`);
  }
}

export function shapeValue(ast: Ast, name: string): fc.Arbitrary<unknown> {
  const shape = ast.shapes.get(name);
  if (shape === undefined) throw new Error(`no shape ${name}`);
  if (shape.union) {
    return fc.oneof(
      ...shape.fields.map((field) =>
        fieldValue(ast, field.fieldType).map((value) => ({ kind: field.name.value, value })),
      ),
    );
  }
  const values: Record<string, fc.Arbitrary<unknown>> = {};
  const requiredKeys: string[] = [];
  for (const field of shape.fields) {
    values[field.name.value] = fieldValue(ast, field.fieldType);
    if (field.requiredness === "required") requiredKeys.push(field.name.value);
  }
  return fc.record(values, { requiredKeys, noNullPrototype: true });
}
