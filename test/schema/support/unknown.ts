/** Fields of a newer peer: values of every wire type, nested, written by the official package. */
import fc from "fast-check";
import type { TCompactProtocol } from "thrift";
import { TYPE } from "./official.ts";

/** A value with its Apache type; a collection's elements all have one type, so it repeats one element. */
export interface Unknown {
  readonly type: number;
  readonly write: (protocol: TCompactProtocol) => void;
}

const leaf = (type: number, write: Unknown["write"]): Unknown => ({ type, write });

const leaves = fc.oneof(
  fc.boolean().map((value) => leaf(TYPE.BOOL, (protocol) => protocol.writeBool(value))),
  fc.nat(255).map((value) => leaf(TYPE.BYTE, (protocol) => protocol.writeByte(value))),
  fc.integer().map((value) => leaf(TYPE.I32, (protocol) => protocol.writeI32(value))),
  fc.maxSafeInteger().map((value) => leaf(TYPE.I64, (protocol) => protocol.writeI64(value))),
  fc.double().map((value) => leaf(TYPE.DOUBLE, (protocol) => protocol.writeDouble(value))),
  fc
    .uint8Array()
    .map((value) => leaf(TYPE.STRING, (protocol) => protocol.writeBinary(Buffer.from(value)))),
  fc.uuid().map((value) => leaf(TYPE.UUID, (protocol) => protocol.writeUuid(value))),
);

const repeat = (count: number, write: () => void): void => {
  for (let left = count; left > 0; left--) write();
};

const { value: nested } = fc.letrec<{ value: Unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    leaves,
    fc.tuple(fc.nat(16), tie("value"), fc.boolean()).map(([count, element, set]) =>
      leaf(set ? TYPE.SET : TYPE.LIST, (protocol) => {
        if (set) protocol.writeSetBegin(element.type, count);
        else protocol.writeListBegin(element.type, count);
        repeat(count, () => element.write(protocol));
      }),
    ),
    fc.tuple(fc.nat(3), tie("value"), tie("value")).map(([count, key, value]) =>
      leaf(TYPE.MAP, (protocol) => {
        protocol.writeMapBegin(key.type, value.type, count);
        repeat(count, () => {
          key.write(protocol);
          value.write(protocol);
        });
      }),
    ),
    fc
      .array(fc.tuple(fc.integer({ min: 1, max: 40 }), tie("value")), { maxLength: 3 })
      .map((fields) =>
        leaf(TYPE.STRUCT, (protocol) => {
          protocol.writeStructBegin("Unknown");
          for (const [id, value] of fields) writeField(protocol, id, value);
          protocol.writeFieldStop();
          protocol.writeStructEnd();
        }),
      ),
  ),
}));

/** Writes a field with its header. */
export function writeField(protocol: TCompactProtocol, id: number, value: Unknown): void {
  protocol.writeFieldBegin("unknown", value.type, id);
  value.write(protocol);
  protocol.writeFieldEnd();
}

/** Fields whose IDs no IDL of ours can have: beyond 31, zero, negative, and both ends of an i16. */
export const unknownFields = fc.array(
  fc.tuple(
    fc.oneof(fc.integer({ min: 32, max: 60 }), fc.constantFrom(0, -1, -(2 ** 15), 2 ** 15 - 1)),
    nested,
  ),
  { maxLength: 3 },
);
