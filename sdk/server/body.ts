/** Bodies of requests: JSON that says what its sender meant, or an error; nothing is dropped on the way without a word. */
import type { JsonObject } from "../../schema/json.ts";
import { toBase64 } from "../../schema/text.ts";
import { optionError, runtimeError } from "./errors.ts";

/** Data of a message: an object that JSON can hold (its integers may be bigints), text, or bytes. */
export type MessageData = string | BigJsonObject | ArrayBuffer | ArrayBufferView;
type BigJson = JsonObject[string] | bigint | readonly BigJson[] | BigJsonObject;
interface BigJsonObject {
  readonly [name: string]: BigJson;
}

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
 * @throws PushServerError `option_invalid` for what JSON cannot hold, naming it
 */
export function encodeBody(body: unknown): Uint8Array<ArrayBuffer> {
  let text: string | undefined;
  try {
    text = JSON.stringify(body, checked);
  } catch (error) {
    // A cycle, or a toJSON that throws.
    if (error instanceof TypeError) throw optionError(error.message, error);
    throw error;
  }
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
