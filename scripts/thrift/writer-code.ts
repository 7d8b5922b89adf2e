/** The generated function that writes a struct or union. */
import type { IdlField, IdlStruct, IdlType } from "./idl.ts";
import { functionSuffix, wireType, writableName } from "./typescript.ts";

const hex = (byte: number): string => `0x${byte.toString(16).padStart(2, "0")}`;

function writeValue(type: IdlType, value: string): string {
  if (type.kind !== "list") return `write${functionSuffix(type)}(writer, ${value});`;
  return `writeList(writer, ${wireType(type.of)}, ${value}, write${functionSuffix(type.of)});`;
}

/**
 * Header and value of a field.
 *
 * @param last ID of the field before it, or undefined where that is only known at run time.
 * @param track Whether a later field needs `last` kept at run time.
 */
function writeFieldCode(
  field: IdlField,
  value: string,
  last: number | undefined,
  track: boolean,
): string {
  const { id, type } = field;
  const bool = type.kind === "bool";
  const wire = bool ? `${value} ? 1 : 2` : `${wireType(type)}`;
  const short = last !== undefined && id - last < 16;
  const lines: string[] = [];
  if (short) {
    const base = (id - last) << 4;
    lines.push(
      bool
        ? `writeByte(writer, ${value} ? ${hex(base | 1)} : ${hex(base | 2)});`
        : `writeByte(writer, ${hex(base | wireType(type))});`,
    );
    if (track) lines.push(`last = ${id};`);
  } else {
    const call = `writeField(writer, ${last ?? "last"}, ${id}, ${wire});`;
    lines.push(track ? `last = ${call}` : call);
  }
  if (!bool) lines.push(writeValue(type, value));
  return lines.join(" ");
}

function structBody(fields: readonly IdlField[]): string[] {
  const lines: string[] = [];
  // Undefined after an optional field: whether it was written is only known at run time.
  let last: number | undefined = 0;
  let declared = false;
  fields.forEach((field, index) => {
    const value = `value.${field.name}`;
    const next = fields[index + 1];
    // Only what comes after an optional field asks at run time which field was written last.
    const track = next !== undefined && !field.required;
    if (track && !declared) {
      lines.push(`  let last = ${last ?? 0};`);
      declared = true;
    } else if (track && last !== undefined) lines.push(`  last = ${last};`);
    const code = writeFieldCode(field, value, last, track);
    lines.push(field.required ? `  ${code}` : `  if (${value} !== undefined) { ${code} }`);
    last = field.required ? field.id : undefined;
  });
  return lines;
}

function unionBody(fields: readonly IdlField[]): string[] {
  const cases = fields.flatMap((field) => [
    `    case "${field.name}":`,
    `      ${writeFieldCode(field, "value.value", 0, false)}`,
    "      break;",
  ]);
  return ["  switch (value.kind) {", ...cases, "  }"];
}

export function writeWriter(struct: IdlStruct): string {
  const body = struct.kind === "union" ? unionBody(struct.fields) : structBody(struct.fields);
  return [
    `function write${struct.name}(writer: Writer, value: ${writableName(struct)}): void {`,
    ...body,
    "  writeByte(writer, 0);",
    "}\n",
  ].join("\n");
}
