/** Reads a JSON body with a list of objects that are checked one by one, so that a fault in one of them does not fail the whole body. */
import { MeshError } from "../../schema/errors.ts";
import { type JsonBody, parseJson, readText } from "./body.ts";
import { elementsOf, isTooDeep, JSON_DEPTH, membersOf } from "./json-text.ts";

const NO_MEMBERS: JsonBody["members"] = new Map();

/** The elements of the list. */
export interface JsonList {
  /** The body, for the check of what is beside the elements. */
  readonly value: unknown;
  /**
   * The element at this place, once the check has found the list.
   *
   * @throws MeshError `field_invalid` for two members of one name in it
   */
  element(at: number): JsonBody;
}

/**
 * @param list the member of the body that has the elements
 * @throws MeshError `body_invalid` for what is no JSON, or is nested too deep, `field_invalid` for two members of one name outside of the elements
 */
export function readJsonList(body: Uint8Array, list: string): JsonList {
  const text = readText(body);
  if (isTooDeep(text))
    throw new MeshError("body_invalid", `the JSON is nested more than ${JSON_DEPTH} deep`);
  const value = parseJson(text);
  const elementAt = (at: number): unknown =>
    (value as Readonly<Record<string, readonly unknown[]>>)[list]?.[at];
  // As most senders write it: nothing was dropped, and no number has other digits. A scan takes ten times as long.
  if (JSON.stringify(value) === text)
    return { value, element: (at) => ({ text, value: elementAt(at), members: NO_MEMBERS }) };
  const elements = elementsOf(text, list);
  const element = (at: number): JsonBody => {
    const { start, end } = elements[at] ?? { start: 0, end: 0 };
    const own = text.slice(start, end);
    return { text: own, value: elementAt(at), members: membersOf(own) };
  };
  return { value, element };
}
