/** Writes the TypeScript types and constants of an IDL. */
import type { IdlConst, IdlEnum, IdlStruct, IdlType } from "./idl.ts";

function typeName(type: IdlType): string {
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

export function constCode({ name, value, doc }: IdlConst): string {
  return `${docComment(doc, "")}export const ${name} = ${value};\n`;
}

export function enumType({ name, members, doc }: IdlEnum): string {
  const values = members.map((member) => member.value);
  const rows = members.map(
    (member) => `${docComment(member.doc, "  ")}  ${member.name}: ${member.value},\n`,
  );
  return [
    `${docComment(doc, "")}export const ${name} = {\n${rows.join("")}} as const;`,
    `export type ${name} = ${values.join(" | ")};\n`,
  ].join("\n");
}

function interfaceCode({ name, fields, doc }: IdlStruct): string {
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

/** The type of a struct or union. */
export function structType(struct: IdlStruct): string {
  return struct.kind === "union" ? unionType(struct) : interfaceCode(struct);
}
