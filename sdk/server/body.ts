/** Bodies of requests: JSON that says what its sender meant, or an error; nothing is dropped on the way without a word. */
import type { JsonObject } from "../../schema/json.ts";
import { toBase64 } from "../../schema/text.ts";
import { optionError, runtimeError } from "./errors.ts";

/**
 * Data of a message: text, bytes (ArrayBuffer or a view of one), or an object that JSON can hold. In one, integers may be bigints,
 * members that are undefined are left out, and what has a `toJSON` is what that gives, as in JSON.stringify. Anything else that JSON
 * would drop or change is refused: functions, symbols, NaN, Map, Set, Promise, Error and what else keeps its content to itself.
 * A list is sent in an object, and a Date or URL as its text, or in one.
 *
 * Any object by its type: an interface has no index signature, so that none of JSON would take it.
 */
export type MessageData = string | object;

const utf8 = new TextEncoder();

/** JSON.rawJSON (ES2025): the one way to write an integer with all its digits. */
const { rawJSON } = JSON as { readonly rawJSON?: (text: string) => unknown };

/** Whether JSON.stringify would write `value` as what it is not: `{}` or `null`, or would leave it out. */
function isLost(value: unknown): boolean {
  if (typeof value === "number") return !Number.isFinite(value);
  if (typeof value === "function" || typeof value === "symbol") return true;
  if (typeof value !== "object" || value === null) return false;
  if (ArrayBuffer.isView(value) || value instanceof Map || value instanceof Set) return true;
  // What keeps all that it has to itself: a Promise, an Error, a Blob, an ArrayBuffer. Plain objects of other realms are none.
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null;
  return !isPlain && !Array.isArray(value) && Object.keys(value).length === 0;
}

const isObject = (value: unknown): boolean =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function kindOf(value: unknown): string {
  if (value === null || typeof value === "number") return `${value}`;
  return typeof value === "object" ? (value.constructor?.name ?? "Object") : typeof value;
}

/**
 * A body as JSON.
 *
 * @param dataJson - JSON text that becomes the member `data` as it is written; the body is then an object that has others.
 * @throws PushServerError `option_invalid` for what JSON cannot hold, naming it by its path
 */
export function encodeBody(body: unknown, dataJson?: string): Uint8Array<ArrayBuffer> {
  const paths = new Map<unknown, string>([[body, ""]]);
  let path = "";
  // Of what an object's toJSON gave, `this` still has the object.
  function checked(this: Readonly<Record<string, unknown>>, name: string, value: unknown): unknown {
    const holder = paths.get(this);
    path = holder ? `${holder}.${name}` : name;
    if (typeof value === "object" && value !== null) paths.set(value, path);
    const given = this[name];
    if (path === "data" && given !== undefined && typeof given !== "string" && !isObject(value)) {
      throw optionError(`data: must be an object, text or bytes; ${kindOf(given)} is none`);
    }
    if (typeof value === "bigint") {
      if (rawJSON === undefined) throw runtimeError("JSON.rawJSON, which bigints need");
      return rawJSON(String(value));
    }
    const isInvalidDate = value === null && given instanceof Date;
    const isHole = value === undefined && Array.isArray(this);
    if (!isLost(value) && !isInvalidDate && !isHole) return value;
    const kind = isInvalidDate ? "an invalid Date" : kindOf(value);
    throw optionError(`${path}: JSON has no form for ${kind}`);
  }
  let text: string;
  try {
    text = JSON.stringify(body, checked);
  } catch (error) {
    // A cycle, or a toJSON that throws. The first line of it says so.
    if (error instanceof TypeError) {
      throw optionError(`${path}: ${error.message.split("\n", 1)[0]}`, error);
    }
    throw error;
  }
  if (dataJson !== undefined) text = `${text.slice(0, -1)},"data":${dataJson}}`;
  // Of its own making, and so in no shared memory.
  return utf8.encode(text) as Uint8Array<ArrayBuffer>;
}

/** The field of a message that carries the data. */
export function dataFields(
  data: MessageData | undefined,
): { data?: string | JsonObject } | { dataBase64: string } {
  if (data instanceof ArrayBuffer) return { dataBase64: toBase64(new Uint8Array(data)) };
  if (!ArrayBuffer.isView(data)) return { data: data as JsonObject };
  const { buffer, byteOffset, byteLength } = data;
  return { dataBase64: toBase64(new Uint8Array(buffer, byteOffset, byteLength)) };
}

/** @throws PushServerError `option_invalid` for text that is no JSON: as a part of a body it could say anything. */
export function checkJson(name: string, text: unknown): void {
  try {
    if (typeof text === "string" && /^\s*\{/.test(text)) return void JSON.parse(text);
  } catch {
    // Told below.
  }
  throw optionError(`${name}: must be the text of a JSON object`);
}
