/** Changes to JSON values, and to their text. */
import type { Random } from "../../chaos/random.ts";
import { mutateText } from "./bytes.ts";

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const STRANGE: readonly [Json, ...Json[]] = [
  null,
  ...[true, false, 0, -1, 1, 0.5, 1e308, -1e308, 2 ** 31, 2 ** 53, 2 ** 64],
  ...[
    "",
    " ",
    "\0",
    "\ud800",
    "\u{10ffff}",
    "__proto__",
    "constructor",
    "0",
    "null",
    "é",
    "e\u0301",
  ],
  ...[[], {}, [[]], [null], { tag: "a" }, { any: [] }, { all: [] }, { not: {} }],
];

/** Lists inside lists. */
const nested = (depth: number): Json => {
  let value: Json = "x";
  for (let left = depth; left > 0; left--) value = left % 2 === 0 ? [value] : { all: [value] };
  return value;
};

export const strange = (random: Random): Json => {
  if (random.chance(0.1)) return nested(random.between(1, 300));
  if (random.chance(0.1))
    return "x".repeat(random.pick([63, 64, 65, 127, 128, 129, 4_096, 20_000]));
  return random.pick(STRANGE);
};

/** A copy of a value with one place changed. */
export function mutateJson(value: Json, random: Random): Json {
  const isLeaf = typeof value !== "object" || value === null;
  if (isLeaf || random.chance(0.15)) return changed(value, random);
  if (Array.isArray(value)) {
    const copy = [...value];
    const at = random.between(0, copy.length);
    const element = copy[at];
    const how = random.next();
    if (element === undefined || how < 0.3) copy.splice(at, 0, copy[0] ?? strange(random));
    else if (how < 0.5) copy.splice(at, 1);
    else copy[at] = mutateJson(element, random);
    return copy;
  }
  const names = Object.keys(value);
  const name = names[random.between(0, names.length)];
  const member = name === undefined ? undefined : value[name];
  if (name === undefined || member === undefined) {
    const added = random.pick([
      "__proto__",
      "constructor",
      "toString",
      "",
      "to",
      "data",
      "ttl",
      "x",
    ]);
    return Object.fromEntries([...Object.entries(value), [added, strange(random)]]);
  }
  if (random.chance(0.2))
    return Object.fromEntries(Object.entries(value).filter(([each]) => each !== name));
  return Object.fromEntries(
    Object.entries(value).map(([each, one]) => [
      each,
      each === name ? mutateJson(member, random) : one,
    ]),
  );
}

function changed(value: Json, random: Random): Json {
  if (random.chance(0.4)) return strange(random);
  if (typeof value === "string") return mutateText(value, random);
  if (typeof value === "number")
    return random.pick([value + 1, value - 1, -value, value / 3, `${value}`]);
  return strange(random);
}

/** The text of a value, which may be broken, or say a member twice. */
export function textOf(value: Json, random: Random): string {
  const text = JSON.stringify(value);
  if (random.chance(0.85)) return text;
  if (random.chance(0.3)) return text.replace("{", '{"to":"x","to":"y",');
  if (random.chance(0.3))
    return text.replaceAll(/\d+/g, (digits) => `${digits}.00000000000000000001e1`);
  return mutateText(text, random);
}
