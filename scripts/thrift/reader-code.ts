/** The generated function that reads a struct or union. */
import type { IdlField, IdlStruct, IdlType } from "./idl.ts";
import { functionSuffix, typeName, wireType } from "./typescript.ts";

const header = (id: number, type: number): string => `0x${((id << 4) | type).toString(16)}`;

function readValue(type: IdlType): string {
  if (type.kind !== "list") return `read${functionSuffix(type)}(reader)`;
  return `readList(reader, ${wireType(type.of)}, read${functionSuffix(type.of)})`;
}

/** `case`s of one field, each doing `assign` of the value. */
function cases(field: IdlField, assign: (value: string) => string): string[] {
  // A bool field has its value in the wire type.
  const arms =
    field.type.kind === "bool"
      ? ([
          [1, "true"],
          [2, "false"],
        ] as const)
      : ([[wireType(field.type), readValue(field.type)]] as const);
  return arms.flatMap(([type, value]) => [
    `      case ${header(field.id, type)}:`,
    `        ${assign(value)}`,
    "        break;",
  ]);
}

function knownMask(fields: readonly IdlField[]): string {
  return `0x${fields.reduce((mask, field) => (mask | (1 << field.id)) >>> 0, 0).toString(16)}`;
}

function loop(
  fields: readonly IdlField[],
  arms: readonly string[],
  otherwise: readonly string[],
): string[] {
  return [
    "  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {",
    "    switch (header) {",
    ...arms,
    "      default:",
    `        skipField(reader, header, ${knownMask(fields)});`,
    ...otherwise,
    "    }",
    "  }",
  ];
}

function structBody({ name, fields }: IdlStruct): string[] {
  const required = fields.filter((field) => field.required);
  const optional = fields.filter((field) => !field.required);
  const local = (field: IdlField): string => `${field.name}_`;
  const literal = required.map((field) => `${field.name}: ${local(field)}`).join(", ");
  const lines = fields.map(
    (field) => `  let ${local(field)}: ${typeName(field.type)} | undefined;`,
  );
  lines.push(
    ...loop(
      fields,
      fields.flatMap((field) => cases(field, (value) => `${local(field)} = ${value};`)),
      [],
    ),
  );
  if (required.length > 0) {
    const absent = required.map((field) => `${local(field)} === undefined`).join(" || ");
    lines.push(`  if (${absent}) throw new ThriftError("missing", "${name}");`);
  }
  if (optional.length === 0) return [...lines, `  return { ${literal} };`];
  lines.push(`  const value: { -readonly [K in keyof ${name}]: ${name}[K] } = { ${literal} };`);
  for (const field of optional) {
    lines.push(`  if (${local(field)} !== undefined) value.${field.name} = ${local(field)};`);
  }
  return [...lines, "  return value;"];
}

function unionBody({ name, fields }: IdlStruct): string[] {
  const arms = fields.flatMap((field) =>
    cases(field, (value) => `known++; value = { kind: "${field.name}", value: ${value} };`),
  );
  return [
    `  let value: ${name} | undefined;`,
    "  let known = 0;",
    ...loop(fields, arms, [
      '        if (known === 0) value = { kind: "unknown", value: header >> 4 };',
    ]),
    `  if (value === undefined || known > 1) throw new ThriftError("union", "${name}");`,
    "  return value;",
  ];
}

export function writeReader(struct: IdlStruct): string {
  const body = struct.kind === "union" ? unionBody(struct) : structBody(struct);
  return [`function read${struct.name}(reader: Reader): ${struct.name} {`, ...body, "}\n"].join(
    "\n",
  );
}
