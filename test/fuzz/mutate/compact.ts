/** Changes to encodings of Thrift's compact protocol that know where its parts are. */
import type { Random } from "../../chaos/random.ts";
import { someBytes, spliced } from "./bytes.ts";

type Kind = "field" | "list" | "varint" | "length" | "bytes" | "stop";

interface Part {
  readonly kind: Kind;
  readonly from: number;
  readonly to: number;
}

const [BYTE, DOUBLE, BINARY, LIST, SET, MAP, STRUCT, UUID] = [3, 7, 8, 9, 10, 11, 12, 13];

/** Walks through a valid struct. */
class Walker {
  readonly parts: Part[] = [];
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  struct(): void {
    for (;;) {
      const from = this.#at;
      const head = this.#bytes[this.#at++] ?? 0;
      if (head === 0) {
        this.parts.push({ kind: "stop", from, to: this.#at });
        return;
      }
      if (head >> 4 === 0) this.#varint();
      this.parts.push({ kind: "field", from, to: this.#at });
      const type = head & 15;
      // Of a bool, the header is the value.
      if (type > 2) this.#value(type);
    }
  }

  #varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes[this.#at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  #part(kind: Kind, read: () => number): number {
    const from = this.#at;
    const value = read();
    this.parts.push({ kind, from, to: this.#at });
    return value;
  }

  #value(type: number): void {
    if (type === STRUCT) this.struct();
    else if (type === LIST || type === SET) this.#list();
    else if (type === BINARY) {
      const length = this.#part("length", () => this.#varint());
      this.#skip(length);
    } else if (type === DOUBLE) this.#skip(8);
    else if (type === UUID) this.#skip(16);
    else if (type === BYTE || type <= 2) this.#skip(1);
    else if (type === MAP) throw new Error("no IDL of ours has a map");
    else this.#part("varint", () => this.#varint());
  }

  #list(): void {
    let type = 0;
    const count = this.#part("list", () => {
      const head = this.#bytes[this.#at++] ?? 0;
      type = head & 15;
      return head >> 4 === 15 ? this.#varint() : head >> 4;
    });
    for (let left = count; left > 0; left--) this.#value(type);
  }

  #skip(length: number): void {
    this.parts.push({ kind: "bytes", from: this.#at, to: this.#at + length });
    this.#at += length;
  }
}

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}

/** Numbers at which something changes: lengths of varints, types, what JavaScript can count. */
const NUMBERS = [
  0n,
  1n,
  127n,
  128n,
  16_383n,
  16_384n,
  65_535n,
  65_536n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
  2n ** 64n,
  2n ** 70n,
] as const;

const number = (random: Random): number[] => {
  const bytes = varint(random.pick(NUMBERS));
  if (random.chance(0.7)) return bytes;
  // More bytes than it needs
  const last = bytes.pop() ?? 0;
  return [...bytes, last | 128, ...Array<number>(random.between(0, 8)).fill(128), 0];
};

const header = (random: Random): number[] => {
  const type = random.between(0, 15);
  return random.chance(0.7) ? [(random.between(1, 15) << 4) | type] : [type, ...number(random)];
};

/** A field that no IDL of ours has, of any type, whole or broken, or nested deeply. */
function unknownField(random: Random): number[] {
  const head = (type: number): number[] => [type, ...varint(BigInt(random.between(0, 65_535)))];
  const depth = random.between(1, 200);
  switch (random.between(0, 5)) {
    case 0:
      return [...head(BINARY), ...number(random), ...someBytes(random, random.between(0, 20))];
    case 1:
      return [
        ...head(STRUCT),
        ...Array<number>(depth).fill(0x1c),
        ...Array<number>(depth + 1).fill(0),
      ];
    case 2:
      return [...head(LIST), ...Array<number>(depth).fill(0x19), 0x03];
    case 3:
      return [...head(MAP), ...number(random), random.between(0, 255), ...someBytes(random, 8)];
    case 4:
      return [
        ...head(random.pick([DOUBLE, UUID, BYTE])),
        ...someBytes(random, random.pick([1, 8, 16])),
      ];
    default:
      return [...head(random.pick([LIST, SET])), 0xf0 | random.between(0, 15), ...number(random)];
  }
}

/** @param bytes a valid struct @param other another one, parts of which are put in */
export function mutateCompact(bytes: Uint8Array, random: Random, other: Uint8Array): Uint8Array {
  const partsOf = (of: Uint8Array): [Part, ...Part[]] => {
    const walker = new Walker(of);
    walker.struct();
    return walker.parts as [Part, ...Part[]];
  };
  const { kind, from, to } = random.pick(partsOf(bytes));
  if (random.chance(0.15)) {
    const donor = random.pick(partsOf(other));
    return spliced(bytes, from, to, other.subarray(donor.from, donor.to));
  }
  if (random.chance(0.15)) return spliced(bytes, from, from, unknownField(random));
  switch (kind) {
    case "field":
      return spliced(bytes, from, random.chance(0.5) ? to : from, header(random));
    case "list":
      return spliced(bytes, from, to, [random.between(0, 255), ...number(random)]);
    case "stop":
      return spliced(bytes, from, to, random.chance(0.5) ? header(random) : [0, 0]);
    case "bytes":
      return spliced(bytes, from, to, someBytes(random, random.between(0, to - from + 2)));
    default:
      return spliced(bytes, from, to, number(random));
  }
}
