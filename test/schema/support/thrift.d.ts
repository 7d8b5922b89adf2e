/** What the tests use of the official package, which carries no types. */
declare module "thrift" {
  /** Bytes in and out of a protocol. */
  export class TFramedTransport {
    constructor(input?: Buffer, onFlush?: (message: Buffer) => void);
    readPos: number;
    outBuffers: Buffer[];
    readByte(): number;
  }
  /** Numbers beyond 32 bits come as node-int64. */
  interface Int64 {
    toNumber(allowImprecise?: boolean): number;
  }
  export class TCompactProtocol {
    constructor(transport: TFramedTransport);
    writeStructBegin(name: string): void;
    writeStructEnd(): void;
    writeFieldBegin(name: string, type: number, id: number): void;
    writeFieldEnd(): void;
    writeFieldStop(): void;
    writeListBegin(type: number, size: number): void;
    writeListEnd(): void;
    writeMapBegin(keyType: number, valueType: number, size: number): void;
    writeMapEnd(): void;
    writeSetBegin(type: number, size: number): void;
    writeSetEnd(): void;
    writeBool(value: boolean): void;
    writeByte(value: number): void;
    writeI16(value: number): void;
    writeI32(value: number): void;
    writeI64(value: number): void;
    writeDouble(value: number): void;
    writeString(value: string): void;
    writeBinary(value: Buffer): void;
    writeUuid(value: string): void;
    readStructBegin(): void;
    readStructEnd(): void;
    readFieldBegin(): { ftype: number; fid: number };
    readFieldEnd(): void;
    readListBegin(): { etype: number; size: number };
    readListEnd(): void;
    readBool(): boolean;
    readI16(): number;
    readI32(): number;
    readI64(): Int64;
    readString(): string;
    readBinary(): Buffer;
    skip(type: number): void;
  }
  export const Thrift: { readonly Type: Readonly<Record<string, number>> };
}
