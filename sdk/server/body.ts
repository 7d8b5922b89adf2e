/** Encodes request bodies as JSON. Throws for values that JSON would drop or change silently. */
import type { JsonObject } from "../../schema/json.ts";
import { toBase64 } from "../../schema/text.ts";
import { optionError, runtimeError } from "./errors.ts";

/**
 * Data of a message: text, bytes (an ArrayBuffer or a view of one), or an object that JSON can represent. In an object, integers may be
 * bigints, undefined members are left out, and `toJSON` is called, as by JSON.stringify. Values that JSON would drop or change are
 * refused: functions, symbols, NaN, Map, Set, Promise, Error and other objects without enumerable content. Wrap a list in an object;
 * convert a Date or URL to text, or wrap it.
 *
 * The type allows any object, because interfaces have no index signature and would not match a JSON type.
 */
export type MessageData = string | object;

const utf8 = new TextEncoder();

/** JSON.rawJSON (ES2025): the only way to write an integer with all its digits. */
const { rawJSON } = JSON as { readonly rawJSON?: (text: string) => unknown };

/** Whether JSON.stringify would lose `value`: write it as `{}` or `null`, or leave it out. */
function isLost(value: unknown): boolean {
  if (typeof value === "number") return !Number.isFinite(value);
  if (typeof value === "function" || typeof value === "symbol") return true;
  if (typeof value !== "object" || value === null) return false;
  if (ArrayBuffer.isView(value) || value instanceof Map || value instanceof Set) return true;
  // Objects without enumerable content: a Promise, an Error, a Blob, an ArrayBuffer. Plain objects of other realms are fine.
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
 * Encodes a body as JSON.
 *
 * @param dataJson JSON text to write as the member `data`, unchanged; the body is then an object with other members
 * @throws PushServerError `option_invalid` for a value that JSON cannot represent, naming its path
 */
export function encodeBody(body: unknown, dataJson?: string): Uint8Array<ArrayBuffer> {
  const paths = new Map<unknown, string>([[body, ""]]);
  let path = "";
  // If `value` is the result of a toJSON, `this` still has the object.
  function checked(this: Readonly<Record<string, unknown>>, name: string, value: unknown): unknown {
    const holder = paths.get(this);
    path = holder ? `${holder}.${name}` : name;
    if (typeof value === "object" && value !== null) paths.set(value, path);
    const given = this[name];
    if (path === "data" && given !== undefined && typeof given !== "string" && !isObject(value)) {
      throw optionError(`data: must be an object, text or bytes, and is ${kindOf(given)}`);
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
    // A cycle, or a toJSON that throws. The first line of the message says which.
    if (error instanceof TypeError) {
      throw optionError(`${path}: ${error.message.split("\n", 1)[0]}`, error);
    }
    throw error;
  }
  if (dataJson !== undefined) text = `${text.slice(0, -1)},"data":${dataJson}}`;
  // Created here, so its memory is not shared.
  return utf8.encode(text) as Uint8Array<ArrayBuffer>;
}

/** The field of a message that contains the data. */
export function dataFields(
  data: MessageData | undefined,
): { data?: string | JsonObject } | { dataBase64: string } {
  if (data instanceof ArrayBuffer) return { dataBase64: toBase64(new Uint8Array(data)) };
  if (!ArrayBuffer.isView(data)) return { data: data as JsonObject };
  const { buffer, byteOffset, byteLength } = data;
  return { dataBase64: toBase64(new Uint8Array(buffer, byteOffset, byteLength)) };
}

/** @throws PushServerError `option_invalid` for text that is not a JSON object: inserted into a body it could add other members */
export function checkJson(name: string, text: unknown): void {
  try {
    if (typeof text === "string" && /^\s*\{/.test(text)) return void JSON.parse(text);
  } catch {
    // Reported below.
  }
  throw optionError(`${name}: must be the text of a JSON object`);
}
