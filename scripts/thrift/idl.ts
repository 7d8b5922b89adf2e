/**
 * Reads a Thrift IDL into the small model that the generator writes code from. It takes the part of
 * the language that our codec carries and refuses the rest by name, so that nothing is dropped silently.
 */
import {
  type ConstDefinition,
  type EnumDefinition,
  type FieldDefinition,
  type FunctionType,
  type ParseOptions,
  parse,
  type SyntaxNode,
  SyntaxType,
  type ThriftDocument,
} from "@creditkarma/thrift-parser";

export type ScalarKind = "bool" | "i16" | "i32" | "i64" | "string" | "binary";

export type IdlType =
  | { readonly kind: ScalarKind }
  | { readonly kind: "enum" | "struct"; readonly name: string }
  | { readonly kind: "list"; readonly of: Exclude<IdlType, { kind: "list" }> };

export interface IdlField {
  readonly id: number;
  readonly name: string;
  readonly type: IdlType;
  readonly required: boolean;
  readonly doc: string | undefined;
}

export interface IdlConst {
  readonly kind: "const";
  readonly name: string;
  readonly value: number;
  readonly doc: string | undefined;
}

export interface IdlEnum {
  readonly kind: "enum";
  readonly name: string;
  readonly members: readonly {
    readonly name: string;
    readonly value: number;
    readonly doc: string | undefined;
  }[];
  readonly doc: string | undefined;
}

/** A struct, or a union: then no field is required. */
export interface IdlStruct {
  readonly kind: "struct" | "union";
  readonly name: string;
  readonly fields: readonly IdlField[];
  readonly doc: string | undefined;
}

export type IdlDefinition = IdlConst | IdlEnum | IdlStruct;

/** Required field IDs are a bit mask in the generated shapes. */
const FIELD_ID_MAX = 31;

const SCALARS: Partial<Record<SyntaxType, ScalarKind>> = {
  [SyntaxType.BoolKeyword]: "bool",
  [SyntaxType.I16Keyword]: "i16",
  [SyntaxType.I32Keyword]: "i32",
  [SyntaxType.I64Keyword]: "i64",
  [SyntaxType.StringKeyword]: "string",
  [SyntaxType.BinaryKeyword]: "binary",
};

/** Finds the doc comment of a node, or undefined. */
type DocOf = (node: SyntaxNode) => string | undefined;
/** What a name in the IDL stands for. */
type Names = ReadonlyMap<string, "enum" | "struct" | "union">;

/** The parser's document. @throws Error with the line of the first fault. */
export function parseDocument(source: string): ThriftDocument {
  // Unorganized keeps the order of the source; the parser's options are all or nothing by type only.
  const options: Partial<ParseOptions> = { organize: false };
  const parsed = parse(source, options);
  if (parsed.type === SyntaxType.ThriftDocument) return parsed as ThriftDocument;
  const [first] = "errors" in parsed ? parsed.errors : [];
  throw new Error(`IDL line ${first?.loc.start.line}: ${first?.message}`);
}

/** The definitions of an IDL in the order of the source. @throws Error naming what the codec does not carry. */
export function readIdl(source: string): readonly IdlDefinition[] {
  const document = parseDocument(source);
  const docOf = docFinder(source);
  const names = new Map<string, "enum" | "struct" | "union">();
  for (const statement of document.body) {
    if (statement.type === SyntaxType.EnumDefinition) names.set(statement.name.value, "enum");
    if (statement.type === SyntaxType.StructDefinition) names.set(statement.name.value, "struct");
    if (statement.type === SyntaxType.UnionDefinition) names.set(statement.name.value, "union");
  }
  const definitions: IdlDefinition[] = [];
  for (const statement of document.body) {
    switch (statement.type) {
      case SyntaxType.NamespaceDefinition:
        break;
      case SyntaxType.ConstDefinition:
        definitions.push(readConst(statement, docOf));
        break;
      case SyntaxType.EnumDefinition:
        definitions.push(readEnum(statement, docOf));
        break;
      case SyntaxType.StructDefinition:
      case SyntaxType.UnionDefinition: {
        const kind = statement.type === SyntaxType.UnionDefinition ? "union" : "struct";
        const name = statement.name.value;
        const fields = statement.fields.map((field) => readField(name, kind, field, names, docOf));
        if (new Set(fields.map((field) => field.id)).size !== fields.length) {
          throw new Error(`${name}: a field ID is used twice`);
        }
        // Delta headers are shortest, and the Apache generators write, in order of the IDs.
        fields.sort((a, b) => a.id - b.id);
        definitions.push({ kind, name, fields, doc: docOf(statement) });
        break;
      }
      default:
        throw new Error(`${statement.type} is not supported`);
    }
  }
  refuseRecursion(definitions);
  return definitions;
}

function readConst(node: ConstDefinition, docOf: DocOf): IdlConst {
  const { initializer } = node;
  if (initializer.type !== SyntaxType.IntConstant) {
    throw new Error(`const ${node.name.value}: only integers are supported`);
  }
  const value = Number(initializer.value.value);
  return { kind: "const", name: node.name.value, value, doc: docOf(node) };
}

function readEnum(node: EnumDefinition, docOf: DocOf): IdlEnum {
  const members = node.members.map((member) => {
    if (member.initializer === null) {
      throw new Error(`${node.name.value}.${member.name.value}: give every member its value`);
    }
    const value = Number(member.initializer.value.value);
    return { name: member.name.value, value, doc: docOf(member) };
  });
  return { kind: "enum", name: node.name.value, members, doc: docOf(node) };
}

function readField(
  owner: string,
  kind: "struct" | "union",
  node: FieldDefinition,
  names: Names,
  docOf: DocOf,
): IdlField {
  const path = `${owner}.${node.name.value}`;
  const id = node.fieldID?.value ?? 0;
  if (id < 1 || id > FIELD_ID_MAX)
    throw new Error(`${path}: field ID must be 1 to ${FIELD_ID_MAX}`);
  if (node.defaultValue !== null) throw new Error(`${path}: defaults are not supported`);
  if (kind === "struct" && node.requiredness === null) {
    throw new Error(`${path}: say required or optional`);
  }
  return {
    id,
    name: node.name.value,
    type: readType(path, node.fieldType, names),
    required: kind === "struct" && node.requiredness === "required",
    doc: docOf(node),
  };
}

function readType(path: string, node: FunctionType, names: Names): IdlType {
  const scalar = SCALARS[node.type];
  if (scalar !== undefined) return { kind: scalar };
  if (node.type === SyntaxType.Identifier) {
    const kind = names.get(node.value);
    // A field of "unknown" kind could be read but not written: a struct that holds it would not go both ways.
    if (kind === "union") throw new Error(`${path}: a union inside another type is not supported`);
    if (kind !== undefined) return { kind, name: node.value };
    throw new Error(`${path}: no type ${node.value}`);
  }
  if (node.type === SyntaxType.ListType) {
    const of = readType(path, node.valueType, names);
    if (of.kind !== "list") return { kind: "list", of };
    throw new Error(`${path}: a list of lists is not supported, put a struct between`);
  }
  throw new Error(`${path}: ${node.type} is not supported`);
}

/** Readers have no depth limit for known fields: the IDL bounds their depth, as long as no type holds itself. */
function refuseRecursion(definitions: readonly IdlDefinition[]): void {
  const structs = new Map<string, IdlStruct>();
  for (const definition of definitions) {
    if (definition.kind === "struct" || definition.kind === "union") {
      structs.set(definition.name, definition);
    }
  }
  const visit = (name: string, above: readonly string[]): void => {
    if (above.includes(name)) throw new Error(`${name} holds itself: ${above.join(" > ")}`);
    for (const { type } of structs.get(name)?.fields ?? []) {
      const inner = type.kind === "list" ? type.of : type;
      if ("name" in inner) visit(inner.name, [...above, name]);
    }
  };
  for (const name of structs.keys()) visit(name, []);
}

/**
 * Doc comments by the line they end on. The parser hands a comment to whatever it read before it,
 * which is the wrong node for a field, so they are taken from the source.
 */
function docFinder(source: string): DocOf {
  const byLine = new Map<number, string>();
  for (const match of source.matchAll(/\/\*\*([\s\S]*?)\*\//g)) {
    const end = source.slice(0, match.index + match[0].length).split("\n").length;
    const lines = (match[1] ?? "").split("\n").map((line) => line.replace(/^\s*\* ?/, "").trim());
    byLine.set(end, lines.join("\n").trim());
  }
  return (node) => byLine.get(node.loc.start.line - 1);
}
