/** Reads a JSON body with a list of objects that are checked one by one, so that a fault in one of them does not fail the whole body. */
import type { z } from "zod";
import { LIMITS } from "../../schema/limits.ts";
import { bodyTooLarge, type JsonBody, parseJson, parseValue, readText } from "./body.ts";
import { elementsOf, membersOf } from "./json-text.ts";

const NO_MEMBERS: JsonBody["members"] = new Map();

/** The elements of the list. */
export interface JsonList {
  readonly count: number;
  /**
   * The element at this place.
   *
   * @throws MeshError `field_invalid` for two members of one name in it, `body_too_large` if it is longer than the body of a message may be
   */
  element(at: number): JsonBody;
}

/**
 * @param list the member of the body that has the elements
 * @param schema of the body, for any elements: a list that is too long is not scanned
 * @throws MeshError as `parseJson` and `parseValue` do, `field_invalid` for two members of one name outside of the elements
 */
export function readJsonList<Name extends string>(
  body: Uint8Array,
  list: Name,
  schema: z.ZodType<Readonly<Record<Name, readonly unknown[]>>>,
): JsonList {
  const text = readText(body);
  const value = parseJson(text);
  const { [list]: values } = parseValue(schema, value);
  const count = values.length;
  // As most senders write it: nothing was dropped, and no number has other digits. A scan takes ten times as long.
  if (JSON.stringify(value) === text)
    return { count, element: (at) => ({ text, value: values[at], members: NO_MEMBERS }) };
  const elements = elementsOf(text, list);
  const element = (at: number): JsonBody => {
    const { start, end } = elements[at] ?? { start: 0, end: 0 };
    if (end - start > LIMITS.MESSAGE_BODY_BYTES) throw bodyTooLarge(LIMITS.MESSAGE_BODY_BYTES);
    const own = text.slice(start, end);
    return { text: own, value: values[at], members: membersOf(own) };
  };
  return { count, element };
}
