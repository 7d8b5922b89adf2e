/** Writes the shapes of an IDL and the encoders and decoders that use them (schema/codec/shape.ts). */
import type { IdlEnum, IdlField, IdlStruct, IdlType } from "./idl.ts";
import { writableName } from "./types.ts";

const shapeName = (name: string): string => `${name}Shape`;

function shapeOf(type: IdlType): string {
  if (type.kind === "list") return `/* @__PURE__ */ list(${shapeOf(type.of)})`;
  return "name" in type ? shapeName(type.name) : type.kind.toUpperCase();
}

/** A row per ID: a shape has its fields by position, so an ID that no field has takes a row too. */
function fieldRows(fields: readonly IdlField[]): string[] {
  const rows: string[] = [];
  for (const { id, name, type } of fields) {
    while (rows.length < id - 1) rows.push(`  _${rows.length + 1}: undefined,\n`);
    rows.push(`  ${name}: ${shapeOf(type)},\n`);
  }
  return rows;
}

export function enumShape({ name }: IdlEnum): string {
  return `const ${shapeName(name)}: Shape<${name}> = /* @__PURE__ */ enumeration(${name});\n`;
}

/** The shape of a struct or union with its encoder and decoder. */
export function structShape(struct: IdlStruct): string {
  const { name, kind, fields } = struct;
  const rows = fieldRows(fields).join("");
  const required = fields.reduce((mask, { id, required }) => mask | (required ? 1 << id : 0), 0);
  const writable = writableName(struct);
  const [types, call] =
    kind === "union"
      ? [`${name}, ${writable}`, `union<${name}, ${writable}>({\n${rows}})`]
      : [name, `struct<${name}>(0x${required.toString(16)}, {\n${rows}})`];
  // The mesh sends PushDown most, and the device SDK, which must stay small, never encodes it.
  const [choice, by] = name === "PushDown" ? [", by = encode", "by"] : ["", "encode"];
  return [
    `const ${shapeName(name)}: Shape<${types}> = /* @__PURE__ */ ${call};\n`,
    `/** The bytes of one ${name}. @throws ThriftError \`range\` if a number does not fit its type. */`,
    `export const encode${name} = (value: ${writable}${choice}): Uint8Array<ArrayBuffer> =>`,
    `  ${by}(value, ${shapeName(name)}[2]);\n`,
    `/** Reads one ${name} that fills \`bytes\`; binary fields are views into them. @throws ThriftError */`,
    `export const decode${name} = (bytes: Uint8Array): ${name} => decode(bytes, ${shapeName(name)}[1]);\n`,
  ].join("\n");
}
