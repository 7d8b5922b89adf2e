/** Drives the official `thrift` package by an IDL's AST: the peer our codec is held against. */
/// <reference path="./thrift.d.ts" />
import { type FieldDefinition, type FunctionType, SyntaxType } from "@creditkarma/thrift-parser";
import { TCompactProtocol, TFramedTransport, Thrift } from "thrift";
import { type Ast, fieldId, isRecord, type Shape } from "./idl.ts";

/** The types of Apache's protocols, which are not those on the compact wire. */
export const TYPE = {
  BOOL: 2,
  BYTE: 3,
  DOUBLE: 4,
  I16: 6,
  I32: 8,
  I64: 10,
  STRING: 11,
  STRUCT: 12,
  MAP: 13,
  SET: 14,
  LIST: 15,
  UUID: 16,
} as const;

/** Runs `write` on a protocol and gives the bytes. */
export function officialBytes(write: (protocol: TCompactProtocol) => void): Uint8Array {
  const transport = new TFramedTransport();
  write(new TCompactProtocol(transport));
  return new Uint8Array(Buffer.concat(transport.outBuffers));
}

/** Writes what is in no IDL: called before every field of every struct, and before its end. */
export type Between = (protocol: TCompactProtocol) => void;

/** @param value As our codec takes it. */
export function officialEncode(
  ast: Ast,
  name: string,
  value: unknown,
  between: Between = () => {},
): Uint8Array {
  const writer: OfficialWriter = { ast, between };
  return officialBytes((protocol) => writeShape(writer, shapeOf(ast, name), protocol, value));
}

/** The value as our codec gives it. Throws where the bytes go on after the struct. */
export function officialDecode(ast: Ast, name: string, bytes: Uint8Array): unknown {
  const transport = new TFramedTransport(Buffer.from(bytes));
  const value = readShape(ast, shapeOf(ast, name), new TCompactProtocol(transport), transport);
  if (transport.readPos !== bytes.length) throw new Error("bytes are left over");
  return value;
}

interface OfficialWriter {
  readonly ast: Ast;
  readonly between: Between;
}

function shapeOf(ast: Ast, name: string): Shape {
  const shape = ast.shapes.get(name);
  if (shape === undefined) throw new Error(`no shape ${name}`);
  return shape;
}

function apacheType(ast: Ast, type: FunctionType): number {
  switch (type.type) {
    case SyntaxType.BoolKeyword:
      return TYPE.BOOL;
    case SyntaxType.I16Keyword:
      return TYPE.I16;
    case SyntaxType.I32Keyword:
      return TYPE.I32;
    case SyntaxType.I64Keyword:
      return TYPE.I64;
    case SyntaxType.StringKeyword:
    case SyntaxType.BinaryKeyword:
      return TYPE.STRING;
    case SyntaxType.ListType:
      return TYPE.LIST;
    case SyntaxType.Identifier:
      return ast.enums.has(type.value) ? TYPE.I32 : TYPE.STRUCT;
    default:
      throw new Error(`the walker does not know ${type.type}`);
  }
}

function writeShape(
  writer: OfficialWriter,
  shape: Shape,
  protocol: TCompactProtocol,
  value: unknown,
): void {
  if (!isRecord(value)) throw new Error(`${shape.name} is no object`);
  protocol.writeStructBegin(shape.name);
  for (const field of shape.fields) {
    const name = field.name.value;
    const present = shape.union ? value["kind"] === name : value[name] !== undefined;
    if (!present) continue;
    writer.between(protocol);
    protocol.writeFieldBegin(name, apacheType(writer.ast, field.fieldType), fieldId(field));
    writeValue(writer, field.fieldType, protocol, shape.union ? value["value"] : value[name]);
    protocol.writeFieldEnd();
  }
  writer.between(protocol);
  protocol.writeFieldStop();
  protocol.writeStructEnd();
}

function writeValue(
  writer: OfficialWriter,
  type: FunctionType,
  protocol: TCompactProtocol,
  value: unknown,
): void {
  if (typeof value === "boolean") protocol.writeBool(value);
  else if (typeof value === "string") protocol.writeString(value);
  else if (value instanceof Uint8Array) protocol.writeBinary(Buffer.from(value));
  else if (typeof value === "number") {
    if (type.type === SyntaxType.I64Keyword) protocol.writeI64(value);
    else if (type.type === SyntaxType.I16Keyword) protocol.writeI16(value);
    else protocol.writeI32(value);
  } else if (type.type === SyntaxType.ListType && Array.isArray(value)) {
    protocol.writeListBegin(apacheType(writer.ast, type.valueType), value.length);
    for (const element of value) writeValue(writer, type.valueType, protocol, element);
    protocol.writeListEnd();
  } else if (type.type === SyntaxType.Identifier) {
    writeShape(writer, shapeOf(writer.ast, type.value), protocol, value);
  } else throw new Error(`the walker cannot write ${String(value)} as ${type.type}`);
}

function readShape(
  ast: Ast,
  shape: Shape,
  protocol: TCompactProtocol,
  transport: TFramedTransport,
): unknown {
  const byId = new Map<number, FieldDefinition>();
  for (const field of shape.fields) byId.set(fieldId(field), field);
  const found: Record<string, unknown> = {};
  let unknownId: number | undefined;
  protocol.readStructBegin();
  for (;;) {
    const { ftype, fid } = protocol.readFieldBegin();
    if (ftype === Thrift.Type["STOP"]) break;
    const field = byId.get(fid);
    if (field === undefined) {
      protocol.skip(ftype);
      unknownId = fid;
    } else found[field.name.value] = readValue(ast, field.fieldType, protocol, transport, false);
    protocol.readFieldEnd();
  }
  protocol.readStructEnd();
  if (!shape.union) return found;
  const [only] = Object.entries(found);
  return only === undefined
    ? { kind: "unknown", value: unknownId }
    : { kind: only[0], value: only[1] };
}

function readValue(
  ast: Ast,
  type: FunctionType,
  protocol: TCompactProtocol,
  transport: TFramedTransport,
  element: boolean,
): unknown {
  switch (type.type) {
    case SyntaxType.BoolKeyword:
      // The package's own readBool takes an element for an object and answers false for every one (0.24).
      return element ? transport.readByte() === 1 : protocol.readBool();
    case SyntaxType.I16Keyword:
      return protocol.readI16();
    case SyntaxType.I32Keyword:
      return protocol.readI32();
    case SyntaxType.I64Keyword:
      return protocol.readI64().toNumber(true);
    case SyntaxType.StringKeyword:
      return protocol.readString();
    case SyntaxType.BinaryKeyword:
      return new Uint8Array(protocol.readBinary());
    case SyntaxType.ListType: {
      const { size } = protocol.readListBegin();
      const values = Array.from({ length: size }, () =>
        readValue(ast, type.valueType, protocol, transport, true),
      );
      protocol.readListEnd();
      return values;
    }
    case SyntaxType.Identifier:
      return ast.enums.has(type.value)
        ? protocol.readI32()
        : readShape(ast, shapeOf(ast, type.value), protocol, transport);
    default:
      throw new Error(`the walker does not know ${type.type}`);
  }
}
