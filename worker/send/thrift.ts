/** Reads sends in Thrift (schema/link.thrift): of a sender link, or the body of a request. */
import { ThriftError } from "../../schema/codec/error.ts";
import { dataHash } from "../../schema/data-hash.ts";
import { MeshError } from "../../schema/errors.ts";
import {
  decodeSend,
  decodeSendContent,
  type Send,
  type SendContent,
} from "../../schema/generated/link.ts";
import { PRIORITY_NAMES } from "../../schema/http/enums.ts";
import { boundedText } from "../../schema/http/fields.ts";
import { singleBody } from "../../schema/http/messages.ts";
import type { SingleTarget } from "../../schema/http.ts";
import { isJsonObject } from "../../schema/json.ts";
import { LIMITS } from "../../schema/limits.ts";
import { toBase64 } from "../../schema/text.ts";
import { parseValue, readJson, readText } from "../request/body.ts";
import { contentOf, type MessageOptions, type Outgoing, withNotification } from "./message.ts";

const JSON_OBJECT = 1;
const TEXT = 2;
const OPEN_BRACE = "{";
/** The members of a body that a Send has in fields of its own. */
const FIELDS = ["to", "data", "dataBase64", "encrypted"];
const collapseKeyText = boundedText(LIMITS.COLLAPSE_KEY_BYTES);

type Read = Pick<Outgoing<SingleTarget>, "content" | "options" | "to" | "waitMs"> & {
  /** 32 bits of a hash of what a repeated send must repeat. Not of the regId, which changes with the keys of the mesh. */
  readonly hash: number;
};

const invalid = (field: string, detail: string, cause?: unknown): MeshError =>
  new MeshError("field_invalid", `${field}: ${detail}`, { field, cause });

/** @throws MeshError `body_invalid` or `field_invalid`, as for a body of JSON */
export function readThriftSend({ to, content: bytes, waitMs }: Send): Read {
  const sent = decodedBy<SendContent>(decodeSendContent, bytes, "content: ");
  const wait = waitMs ?? LIMITS.ACK_WAIT_DEFAULT_MS;
  if (wait < 0 || wait > LIMITS.ACK_WAIT_MAX_MS)
    throw invalid("waitMs", `${wait}; must be 0 to ${LIMITS.ACK_WAIT_MAX_MS}`);
  const isGroup = to.startsWith(OPEN_BRACE);
  const read =
    isGroup || sent.options !== undefined ? readBody(to, sent) : { to, ...readPlain(sent) };
  const hash = isGroup ? dataHash(bytes) ^ dataHash(utf8.encode(to)) : dataHash(bytes);
  return { ...read, waitMs: wait, hash: hash >>> 0 };
}

const utf8 = new TextEncoder();

const THRIFT_TYPE = /^application\/vnd\.apache\.thrift\.compact\s*(;|$)/i;

/** Whether the content type is Thrift compact protocol, as IANA has it. */
export const isThrift = ({ headers }: Request): boolean =>
  THRIFT_TYPE.test(headers.get("content-type") ?? "");

/** @throws MeshError `body_invalid` */
export const readThriftBody = (bytes: Uint8Array): Send => decodedBy(decodeSend, bytes, "");

function decodedBy<T>(decode: (bytes: Uint8Array) => T, bytes: Uint8Array, what: string): T {
  try {
    return decode(bytes);
  } catch (error) {
    if (!(error instanceof ThriftError)) throw error;
    throw new MeshError("body_invalid", `${what}${error.message}`, { cause: error });
  }
}

/** A message to one registration without further options: almost all. */
function readPlain(sent: SendContent): Pick<Read, "content" | "options"> {
  const { ttl = LIMITS.TTL_DEFAULT_SECONDS, collapseKey, encrypted, rejectOnOverflow } = sent;
  if (ttl < 0 || ttl > LIMITS.TTL_MAX_SECONDS)
    throw invalid("ttl", `${ttl}; must be 0 to ${LIMITS.TTL_MAX_SECONDS}`);
  if (collapseKey !== undefined && !collapseKeyText.safeParse(collapseKey).success)
    throw invalid("collapseKey", `must be 1 to ${LIMITS.COLLAPSE_KEY_BYTES} bytes of UTF-8`);
  const options: MessageOptions = {
    ttl,
    priority: PRIORITY_NAMES[(sent.priority ?? 2) - 1] ?? "normal",
    ...(collapseKey === undefined ? {} : { collapseKey }),
    ...(rejectOnOverflow ? { onOverflow: "reject" as const } : {}),
    ...(encrypted ? { encrypted } : {}),
  };
  return { content: readContent(sent), options };
}

function readContent({ contentType, data, encrypted }: SendContent) {
  if (contentType === JSON_OBJECT) {
    if (encrypted) throw invalid("encrypted", "the data is then of type BINARY");
    const { text, value, members } = readJson(data);
    if (!isJsonObject(value))
      throw invalid("data", `must be an object, nested at most ${LIMITS.DATA_DEPTH} deep`);
    let isPlain = true;
    for (const member of members.values()) isPlain &&= member.isPlain;
    const span = { start: 0, end: text.length, isPlain };
    return contentOf({ data: value }, { text, members: new Map([["data", span]]) });
  }
  if (encrypted) return contentOf({ dataBase64: toBase64(data), encrypted }, NO_JSON);
  if (contentType === TEXT)
    readText(data, (cause) => invalid("data", "the text is not UTF-8", cause));
  if (data.length > LIMITS.DATA_BYTES)
    throw invalid("data", `${data.length} bytes; at most ${LIMITS.DATA_BYTES} are taken`);
  return { contentType, data };
}

const NO_JSON = { text: "", members: new Map() };

/** Any other: as the body of JSON that says the same. */
function readBody(to: string, sent: SendContent): Pick<Read, "content" | "options" | "to"> {
  const { ttl, priority, collapseKey, rejectOnOverflow, encrypted } = sent;
  const further = sent.options === undefined ? {} : objectIn("options", sent.options);
  const own = {
    ...(ttl === undefined ? {} : { ttl }),
    ...(priority === undefined ? {} : { priority: PRIORITY_NAMES[priority - 1] }),
    ...(collapseKey === undefined ? {} : { collapseKey }),
    ...(rejectOnOverflow ? { onOverflow: "reject" } : {}),
  };
  const twice = Object.keys(further).find((name) => FIELDS.includes(name) || name in own);
  if (twice !== undefined) throw invalid("options", `${twice.slice(0, 64)} has a field of its own`);
  const content = readContent(sent);
  // Its data has been read: this stands for it, so that everything else is checked as in a body of JSON.
  const data = encrypted ? { dataBase64: "", encrypted } : { data: "" };
  const target = to.startsWith(OPEN_BRACE) ? objectIn("to", to) : to;
  const body = parseValue(singleBody, { ...further, ...own, ...data, to: target });
  const { to: parsed, data: _, dataBase64: __, notification, ...options } = body;
  return { to: parsed, content: withNotification(content, notification), options };
}

function objectIn(field: string, text: string): Record<string, unknown> {
  const { value } = readJson(utf8.encode(text));
  if (isJsonObject(value)) return value;
  throw invalid(field, "is not the JSON text of an object");
}
