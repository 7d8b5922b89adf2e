/** The AST of an IDL by name, straight from the parser: the tests share no code with the generator. */
import { readFileSync } from "node:fs";
import {
  type EnumDefinition,
  type FieldDefinition,
  parse,
  SyntaxType,
  type ThriftDocument,
} from "@creditkarma/thrift-parser";

/** A struct or union. */
export interface Shape {
  readonly name: string;
  readonly union: boolean;
  readonly fields: readonly FieldDefinition[];
}

export interface Ast {
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly enums: ReadonlyMap<string, EnumDefinition>;
}

export function readAst(path: string): Ast {
  const document = parse(readFileSync(path, "utf8"), { organize: false });
  if (document.type !== SyntaxType.ThriftDocument) throw new Error(`${path} does not parse`);
  const shapes = new Map<string, Shape>();
  const enums = new Map<string, EnumDefinition>();
  for (const statement of (document as ThriftDocument).body) {
    if (statement.type === SyntaxType.EnumDefinition) enums.set(statement.name.value, statement);
    if (
      statement.type === SyntaxType.StructDefinition ||
      statement.type === SyntaxType.UnionDefinition
    ) {
      const union = statement.type === SyntaxType.UnionDefinition;
      shapes.set(statement.name.value, {
        name: statement.name.value,
        union,
        fields: statement.fields,
      });
    }
  }
  return { shapes, enums };
}

export function fieldId(field: FieldDefinition): number {
  if (field.fieldID === null) throw new Error(`${field.name.value} has no ID`);
  return field.fieldID.value;
}

export function enumValues(definition: EnumDefinition): number[] {
  return definition.members.map((member) => Number(member.initializer?.value.value));
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
