/** Writes the shapes of an IDL: the same encoders and decoders as typescript.ts, smaller and slower (schema/codec/shape.ts). */
import type { IdlDefinition, IdlField, IdlStruct, IdlType } from "./idl.ts";
import { importCode, typeName, writableName } from "./typescript.ts";

const shapeName = (name: string): string => `${name}Shape`;

function shapeOf(type: IdlType): string {
  if (type.kind === "list") return `/* @__PURE__ */ list(${shapeOf(type.of)})`;
  return "name" in type ? shapeName(type.name) : type.kind.toUpperCase();
}

/** @throws Error where IDs are not 1, 2, 3 and so on: a shape has its fields by position. */
function fieldRows(name: string, fields: readonly IdlField[]): string[] {
  return fields.map((field, index) => {
    if (field.id !== index + 1)
      throw new Error(`${name}.${field.name}: a shape takes no gap of IDs`);
    return `  ${field.name}: ${shapeOf(field.type)},\n`;
  });
}

function structCode(struct: IdlStruct): string {
  const { name, kind, fields } = struct;
  const rows = fieldRows(name, fields).join("");
  const required = fields.reduce((mask, { id, required }) => mask | (required ? 1 << id : 0), 0);
  const writable = writableName(struct);
  const [types, call] =
    kind === "union"
      ? [`${name}, ${writable}`, `union<${name}, ${writable}>({\n${rows}})`]
      : [name, `struct<${name}>(0x${required.toString(16)}, {\n${rows}})`];
  return [
    `const ${shapeName(name)}: Shape<${types}> = /* @__PURE__ */ ${call};\n`,
    `export const encode${name} = (value: ${writable}): Uint8Array<ArrayBuffer> =>`,
    `  encode(value, ${shapeName(name)}[2]);`,
    `export const decode${name} = (bytes: Uint8Array): ${name} => decode(bytes, ${shapeName(name)}[1]);\n`,
  ].join("\n");
}

function definitionCode(definition: IdlDefinition): string {
  const { name, kind } = definition;
  if (kind === "const") return "";
  if (kind !== "enum") return structCode(definition);
  return `const ${shapeName(name)}: Shape<${typeName({ kind, name })}> = /* @__PURE__ */ enumeration(${name});\n`;
}

const SHAPES = [
  "BINARY",
  "BOOL",
  "I16",
  "I32",
  "I64",
  "STRING",
  "enumeration",
  "list",
  "struct",
  "union",
];

/**
 * The source text of the generated module.
 *
 * @param idlName Shown in the header.
 * @param codec Import path of the codec's folder, relative to the generated file.
 * @param types Import path of the module that `generateTypeScript` made of the same IDL.
 */
export function generateShapes(
  definitions: readonly IdlDefinition[],
  idlName: string,
  codec: string,
  types: string,
): string {
  const body = definitions
    .map(definitionCode)
    .filter((code) => code !== "")
    .join("\n");
  const enums = definitions.filter(({ kind }) => kind === "enum").map(({ name }) => name);
  const structs = definitions.flatMap((definition) =>
    "fields" in definition ? [definition.name, writableName(definition)] : [],
  );
  return [
    `// Made by scripts/generate-schema.ts from ${idlName}. Do not edit: run that again.\n`,
    "// The number of a struct has a bit per ID of its required fields.\n\n",
    importCode(body, `${codec}/reader.ts`, ["decode"], []),
    importCode(body, `${codec}/shape.ts`, SHAPES, ["Shape"]),
    importCode(body, `${codec}/writer.ts`, ["encode"], []),
    importCode(body, types, enums, [...new Set(structs)]),
    "\n",
    body,
  ].join("");
}
