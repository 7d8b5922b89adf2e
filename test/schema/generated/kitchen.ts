// Made by scripts/generate-schema.ts from test/schema/support/kitchen.thrift. Do not edit: run that again.
// The number of a struct has a bit per ID of its required fields.

import { decode } from "../../../schema/codec/reader.ts";
import { type Shape, BINARY, BOOL, I16, I32, I64, STRING, enumeration, list, struct, union } from "../../../schema/codec/shape.ts";
import { encode } from "../../../schema/codec/writer.ts";

export const Colour = {
  RED: 0,
  GREEN: 7,
  BLUE: 2147483647,
} as const;
export type Colour = 0 | 7 | 2147483647;

const ColourShape: Shape<Colour> = /* @__PURE__ */ enumeration(Colour);

export interface Inner {
  readonly flag?: boolean;
  readonly text: string;
}

const InnerShape: Shape<Inner> = /* @__PURE__ */ struct<Inner>(0x200, {
  _1: undefined,
  flag: BOOL,
  _3: undefined,
  _4: undefined,
  _5: undefined,
  _6: undefined,
  _7: undefined,
  _8: undefined,
  text: STRING,
});

/** The bytes of one Inner. @throws ThriftError `range` if a number does not fit its type. */
export const encodeInner = (value: Inner): Uint8Array<ArrayBuffer> =>
  encode(value, InnerShape[2]);

/** Reads one Inner that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeInner = (bytes: Uint8Array): Inner => decode(bytes, InnerShape[1]);

/** Gaps between IDs, IDs more than 15 apart, optional fields before required ones, every kind of list. */
export interface Kitchen {
  readonly first?: boolean;
  /** Over 15 apart from the one before: a long header. */
  readonly small: number;
  readonly bools?: readonly boolean[];
  readonly last: boolean;
  readonly smalls?: readonly number[];
  readonly longs?: readonly number[];
  readonly texts?: readonly string[];
  readonly blobs?: readonly Uint8Array[];
  readonly colours?: readonly Colour[];
  readonly inners?: readonly Inner[];
  readonly moreInners: readonly Inner[];
  readonly colour?: Colour;
}

const KitchenShape: Shape<Kitchen> = /* @__PURE__ */ struct<Kitchen>(0x40a0000, {
  first: BOOL,
  _2: undefined,
  _3: undefined,
  _4: undefined,
  _5: undefined,
  _6: undefined,
  _7: undefined,
  _8: undefined,
  _9: undefined,
  _10: undefined,
  _11: undefined,
  _12: undefined,
  _13: undefined,
  _14: undefined,
  _15: undefined,
  _16: undefined,
  small: I16,
  bools: /* @__PURE__ */ list(BOOL),
  last: BOOL,
  smalls: /* @__PURE__ */ list(I16),
  longs: /* @__PURE__ */ list(I64),
  texts: /* @__PURE__ */ list(STRING),
  blobs: /* @__PURE__ */ list(BINARY),
  colours: /* @__PURE__ */ list(ColourShape),
  inners: /* @__PURE__ */ list(InnerShape),
  moreInners: /* @__PURE__ */ list(InnerShape),
  _27: undefined,
  _28: undefined,
  _29: undefined,
  _30: undefined,
  colour: ColourShape,
});

/** The bytes of one Kitchen. @throws ThriftError `range` if a number does not fit its type. */
export const encodeKitchen = (value: Kitchen): Uint8Array<ArrayBuffer> =>
  encode(value, KitchenShape[2]);

/** Reads one Kitchen that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeKitchen = (bytes: Uint8Array): Kitchen => decode(bytes, KitchenShape[1]);

export type Choice =
  | { readonly kind: "flag"; readonly value: boolean }
  | { readonly kind: "longs"; readonly value: readonly number[] }
  | { readonly kind: "text"; readonly value: string }
  | { readonly kind: "inner"; readonly value: Inner }
  /** A frame of a newer peer: none of its fields is in our IDL. The value is the ID of the last. */
  | { readonly kind: "unknown"; readonly value: number };

/** A Choice that can be sent. */
export type WritableChoice = Exclude<Choice, { readonly kind: "unknown" }>;

const ChoiceShape: Shape<Choice, WritableChoice> = /* @__PURE__ */ union<Choice, WritableChoice>({
  flag: BOOL,
  longs: /* @__PURE__ */ list(I64),
  _3: undefined,
  _4: undefined,
  _5: undefined,
  _6: undefined,
  _7: undefined,
  _8: undefined,
  _9: undefined,
  _10: undefined,
  _11: undefined,
  _12: undefined,
  _13: undefined,
  _14: undefined,
  _15: undefined,
  _16: undefined,
  _17: undefined,
  _18: undefined,
  _19: undefined,
  text: STRING,
  _21: undefined,
  _22: undefined,
  _23: undefined,
  _24: undefined,
  _25: undefined,
  _26: undefined,
  _27: undefined,
  _28: undefined,
  _29: undefined,
  _30: undefined,
  inner: InnerShape,
});

/** The bytes of one Choice. @throws ThriftError `range` if a number does not fit its type. */
export const encodeChoice = (value: WritableChoice): Uint8Array<ArrayBuffer> =>
  encode(value, ChoiceShape[2]);

/** Reads one Choice that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeChoice = (bytes: Uint8Array): Choice => decode(bytes, ChoiceShape[1]);

/** Everything optional: the empty struct is a value. */
export interface Loose {
  readonly number?: number;
  readonly inner?: Inner;
}

const LooseShape: Shape<Loose> = /* @__PURE__ */ struct<Loose>(0x0, {
  _1: undefined,
  _2: undefined,
  number: I32,
  _4: undefined,
  _5: undefined,
  _6: undefined,
  _7: undefined,
  _8: undefined,
  _9: undefined,
  _10: undefined,
  _11: undefined,
  _12: undefined,
  _13: undefined,
  _14: undefined,
  _15: undefined,
  _16: undefined,
  _17: undefined,
  _18: undefined,
  _19: undefined,
  _20: undefined,
  _21: undefined,
  _22: undefined,
  _23: undefined,
  _24: undefined,
  _25: undefined,
  _26: undefined,
  _27: undefined,
  _28: undefined,
  _29: undefined,
  inner: InnerShape,
});

/** The bytes of one Loose. @throws ThriftError `range` if a number does not fit its type. */
export const encodeLoose = (value: Loose): Uint8Array<ArrayBuffer> =>
  encode(value, LooseShape[2]);

/** Reads one Loose that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeLoose = (bytes: Uint8Array): Loose => decode(bytes, LooseShape[1]);
