/** What the link's IDL does not use today but the generator carries. For tests only. */

enum Colour {
  RED = 0
  GREEN = 7
  BLUE = 2147483647
}

struct Inner {
  2: optional bool flag
  9: required string text
}

/** Gaps between IDs, IDs more than 15 apart, optional fields before required ones, every kind of list. */
struct Kitchen {
  1: optional bool first
  /** Over 15 apart from the one before: a long header. */
  17: required i16 small
  18: optional list<bool> bools
  19: required bool last
  20: optional list<i16> smalls
  21: optional list<i64> longs
  22: optional list<string> texts
  23: optional list<binary> blobs
  24: optional list<Colour> colours
  25: optional list<Inner> inners
  26: required list<Inner> moreInners
  31: optional Colour colour
}

union Choice {
  1: bool flag
  2: list<i64> longs
  20: string text
  31: Inner inner
}

/** Everything optional: the empty struct is a value. */
struct Loose {
  3: optional i32 number
  30: optional Inner inner
}
