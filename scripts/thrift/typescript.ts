/** Writes the TypeScript of an IDL: types, and per struct an encoder and a decoder. */
import type { IdlConst, IdlDefinition, IdlEnum, IdlStruct, IdlType } from "./idl.ts";
import { writeReader } from "./reader-code.ts";
import { writeWriter } from "./writer-code.ts";

/** Wire type of each kind in compact protocol; a bool's is its value, this is that of `true`. */
const WIRE_TYPES: Record<IdlType["kind"], number> = {
  bool: 1,
  i16: 4,
  i32: 5,
  enum: 5,
  i64: 6,
  string: 8,
  binary: 8,
  list: 9,
  struct: 12,
};

export function wireType(type: IdlType): number {
  return WIRE_TYPES[type.kind];
}

/** Ends the names of the codec's functions: `I32` of `readI32`, `Hello` of `readHello`. */
export function functionSuffix(type: Exclude<IdlType, { kind: "list" }>): string {
  if ("name" in type) return type.name;
  return type.kind.charAt(0).toUpperCase() + type.kind.slice(1);
}

export function typeName(type: IdlType): string {
  switch (type.kind) {
    case "bool":
      return "boolean";
    case "i16":
    case "i32":
    case "i64":
      return "number";
    case "string":
      return "string";
    case "binary":
      return "Uint8Array";
    case "list":
      return `readonly ${typeName(type.of)}[]`;
    default:
      return type.name;
  }
}

/** What `encode` takes: of a union every kind but `unknown`, which only a decoder makes. */
export function writableName({ name, kind }: IdlStruct): string {
  return kind === "union" ? `Writable${name}` : name;
}

function docComment(doc: string | undefined, indent: string): string {
  if (doc === undefined) return "";
  const lines = doc.split("\n");
  if (lines.length === 1) return `${indent}/** ${doc} */\n`;
  const body = lines.map((line) => `${indent} * ${line}`.trimEnd()).join("\n");
  return `${indent}/**\n${body}\n${indent} */\n`;
}

function constCode({ name, value, doc }: IdlConst): string {
  return `${docComment(doc, "")}export const ${name} = ${value};\n`;
}

function enumCode({ name, members, doc }: IdlEnum): string {
  const values = members.map((member) => member.value);
  const rows = members.map(
    (member) => `${docComment(member.doc, "  ")}  ${member.name}: ${member.value},\n`,
  );
  return [
    `${docComment(doc, "")}export const ${name} = {\n${rows.join("")}} as const;`,
    `export type ${name} = ${values.join(" | ")};\n`,
    `const write${name}: (writer: Writer, value: ${name}) => void = writeI32;\n`,
    `function read${name}(reader: Reader): ${name} {`,
    "  const value = readI32(reader);",
    "  switch (value) {",
    ...values.map((value) => `    case ${value}:`),
    "      return value;",
    "    default:",
    `      throw new ThriftError("range", "${name}");`,
    "  }\n}\n",
  ].join("\n");
}

function structType({ name, fields, doc }: IdlStruct): string {
  const rows = fields.map(
    (field) =>
      `${docComment(field.doc, "  ")}  readonly ${field.name}${field.required ? "" : "?"}: ${typeName(field.type)};\n`,
  );
  return `${docComment(doc, "")}export interface ${name} {\n${rows.join("")}}\n`;
}

function unionType({ name, fields, doc }: IdlStruct): string {
  const rows = fields.map(
    (field) =>
      `${docComment(field.doc, "  ")}  | { readonly kind: "${field.name}"; readonly value: ${typeName(field.type)} }\n`,
  );
  const unknown = [
    "  /** A frame of a newer peer: none of its fields is in our IDL. The value is the ID of the last. */\n",
    '  | { readonly kind: "unknown"; readonly value: number };\n',
  ];
  const writable = [
    `\n/** A ${name} that can be sent. */\n`,
    `export type Writable${name} = Exclude<${name}, { readonly kind: "unknown" }>;\n`,
  ];
  const type = `${docComment(doc, "")}export type ${name} =\n${rows.join("")}${unknown.join("")}`;
  return type + writable.join("");
}

function structCode(struct: IdlStruct): string {
  const { name, kind } = struct;
  return [
    kind === "union" ? unionType(struct) : structType(struct),
    writeWriter(struct),
    writeReader(struct),
    `/** The bytes of one ${name}. @throws ThriftError \`range\` where a number does not fit its type. */`,
    `export function encode${name}(value: ${writableName(struct)}): Uint8Array<ArrayBuffer> {`,
    `  return encode(value, write${name});\n}\n`,
    `/** Reads one ${name} that fills \`bytes\`; binary fields are views into them. @throws ThriftError */`,
    `export function decode${name}(bytes: Uint8Array): ${name} {`,
    `  return decode(bytes, read${name});\n}\n`,
  ].join("\n");
}

function definitionCode(definition: IdlDefinition): string {
  if (definition.kind === "const") return constCode(definition);
  if (definition.kind === "enum") return enumCode(definition);
  return structCode(definition);
}

/** Names of `module`'s exports that `body` uses, as one import statement. */
export function importCode(
  body: string,
  module: string,
  values: readonly string[],
  types: readonly string[],
): string {
  const used = (name: string): boolean => new RegExp(`\\b${name}\\b`).test(body);
  const names = [...types.filter(used).map((name) => `type ${name}`), ...values.filter(used)];
  return `import { ${names.join(", ")} } from "${module}";\n`;
}

const READERS = [
  "decode",
  "nextField",
  "readBinary",
  "readBool",
  "readI16",
  "readI32",
  "readI64",
  "readList",
  "readString",
  "skipField",
];
const WRITERS = [
  "encode",
  "writeBinary",
  "writeBool",
  "writeByte",
  "writeField",
  "writeI16",
  "writeI32",
  "writeI64",
  "writeList",
  "writeString",
];

/**
 * The source text of the generated module.
 *
 * @param idlName Shown in the header.
 * @param codec Import path of the codec's folder, relative to the generated file.
 */
export function generateTypeScript(
  definitions: readonly IdlDefinition[],
  idlName: string,
  codec: string,
): string {
  const body = definitions.map(definitionCode).join("\n");
  return [
    `// Made by scripts/generate-schema.ts from ${idlName}. Do not edit: run that again.\n`,
    "// `case 0x25` is field 2 of wire type 5; the last argument of skipField has a bit per known field.\n\n",
    importCode(body, `${codec}/error.ts`, ["ThriftError"], []),
    importCode(body, `${codec}/reader.ts`, READERS, ["Reader"]),
    importCode(body, `${codec}/writer.ts`, WRITERS, ["Writer"]),
    "\n",
    body,
  ].join("");
}
