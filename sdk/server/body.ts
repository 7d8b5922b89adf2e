/** Bodies of requests: JSON that says what its sender meant, or an error; nothing is dropped on the way without a word. */
import type { JsonObject } from "../../schema/json.ts";
import { toBase64 } from "../../schema/text.ts";
import { optionError, runtimeError } from "./errors.ts";

/**
 * Data of a message: an object that JSON can hold (its integers may be bigints), text, or bytes (ArrayBuffer or a view of one).
 * Any object by its type: an interface has no index signature, so that none of JSON would take it.
 */
export type MessageData = string | object;

const utf8 = new TextEncoder();

/** JSON.rawJSON (ES2025): the one way to write an integer with all its digits. */
const { rawJSON } = JSON as { readonly rawJSON?: (text: string) => unknown };

/** What JSON.stringify would change or drop. @throws PushServerError */
function checked(name: string, value: unknown): unknown {
  if (typeof value === "bigint") {
    if (rawJSON === undefined) throw runtimeError("JSON.rawJSON, which bigints need");
    return rawJSON(String(value));
  }
  const isLost =
    (typeof value === "number" && !Number.isFinite(value)) ||
    ArrayBuffer.isView(value) ||
    value instanceof ArrayBuffer ||
    value instanceof Map ||
    value instanceof Set;
  if (!isLost) return value;
  const kind = typeof value === "number" ? `${value}` : (value as object).constructor.name;
  throw optionError(`${name}: JSON has no form for ${kind}`);
}

/**
 * A body as JSON.
 *
 * @param dataJson - JSON text that becomes the member `data` as it is written; the body is then an object that has others.
 * @throws PushServerError `option_invalid` for what JSON cannot hold, naming it
 */
export function encodeBody(body: unknown, dataJson?: string): Uint8Array<ArrayBuffer> {
  let text: string;
  try {
    text = JSON.stringify(body, checked);
  } catch (error) {
    // A cycle, or a toJSON that throws.
    if (error instanceof TypeError) throw optionError(error.message, error);
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
