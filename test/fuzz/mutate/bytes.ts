/** Changes to bytes that know nothing of their form. */
import type { Random } from "../../chaos/random.ts";

const EDGES = [
  0x00, 0x01, 0x7f, 0x80, 0xff, 0x0d, 0x0a, 0x20, 0x22, 0x2c, 0x3b, 0x5c, 0x7b,
] as const;

export function someBytes(random: Random, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = random.between(0, 255);
  return bytes;
}

/** Puts `inserted` in the place of what is between two positions. */
export function spliced(
  bytes: Uint8Array,
  from: number,
  to: number,
  inserted: ArrayLike<number> = [],
): Uint8Array {
  const whole = new Uint8Array(bytes.length - (to - from) + inserted.length);
  whole.set(bytes.subarray(0, from));
  whole.set(inserted, from);
  whole.set(bytes.subarray(to), from + inserted.length);
  return whole;
}

type Mutation = (bytes: Uint8Array, random: Random, other: Uint8Array) => Uint8Array;

const place = (bytes: Uint8Array, random: Random): number => random.between(0, bytes.length);
function range(bytes: Uint8Array, random: Random, most = 32): [number, number] {
  const from = place(bytes, random);
  return [from, Math.min(bytes.length, from + random.between(0, most))];
}

const MUTATIONS: readonly [Mutation, ...Mutation[]] = [
  // A flipped bit
  (bytes, random) => {
    const changed = bytes.slice();
    const at = random.between(0, Math.max(0, bytes.length - 1));
    if (at < changed.length) changed[at] = (changed[at] ?? 0) ^ (1 << random.between(0, 7));
    return changed;
  },
  // A byte that often means something
  (bytes, random) => {
    const [at] = range(bytes, random);
    return spliced(bytes, at, Math.min(bytes.length, at + 1), [random.pick(EDGES)]);
  },
  // Cut off
  (bytes, random) => bytes.slice(0, place(bytes, random)),
  // A part taken out
  (bytes, random) => spliced(bytes, ...range(bytes, random)),
  // A part twice
  (bytes, random) => {
    const [from, to] = range(bytes, random);
    return spliced(bytes, to, to, bytes.subarray(from, to));
  },
  // Junk in between
  (bytes, random) => {
    const at = place(bytes, random);
    return spliced(bytes, at, at, someBytes(random, random.between(1, 8)));
  },
  // A part of another one
  (bytes, random, other) => {
    const [from, to] = range(bytes, random);
    return spliced(bytes, from, to, other.subarray(...range(other, random)));
  },
  // The start of one, and the end of another
  (bytes, random, other) =>
    spliced(bytes, place(bytes, random), bytes.length, other.subarray(place(other, random))),
];

/** One to three changes. @param other of the same kind, for splices */
export function mutateBytes(
  bytes: Uint8Array,
  random: Random,
  other: Uint8Array = bytes,
): Uint8Array {
  let changed = bytes;
  for (let left = random.between(1, 3); left > 0; left--)
    changed = random.pick(MUTATIONS)(changed, random, other);
  return changed;
}

/** The same for a text of characters that are a byte each. */
export const mutateText = (text: string, random: Random, other = text): string =>
  Buffer.from(
    mutateBytes(Buffer.from(text, "latin1"), random, Buffer.from(other, "latin1")),
  ).toString("latin1");
