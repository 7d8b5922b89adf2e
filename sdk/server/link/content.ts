/** Messages in Thrift, as a sender link carries them. */
import { ContentType, encodeSendContent, Priority } from "../../../schema/generated/link.ts";
import type { SendBodyInput } from "../../../schema/http.ts";
import { fromBase64 } from "../../../schema/text.ts";
import { checkJson, encodeBody, type MessageData } from "../body.ts";
import { optionError } from "../errors.ts";

/** A message of any target, as `PushServer.send` takes it, its data sealed already if it is to be. */
export type LinkMessage = Omit<SendBodyInput, "data" | "sendAt"> & {
  readonly sendAt?: Date | SendBodyInput["sendAt"];
  readonly data?: MessageData | undefined;
  readonly json?: string | undefined;
};

const utf8 = new TextEncoder();
const PRIORITIES = { high: Priority.HIGH, normal: Priority.NORMAL, low: Priority.LOW } as const;
/** Of the JSON text of an object whose only member is `data`. */
const BEFORE_DATA = '{"data":'.length;

interface Encoded {
  /** `Send.to` */
  readonly to: string;
  /** `Send.content` */
  readonly content: Uint8Array<ArrayBuffer>;
}

/** @throws PushServerError `option_invalid` */
export function encodeMessage(message: LinkMessage): Encoded {
  const { to, data, json, dataBase64, ttl, priority, collapseKey, ...rest } = message;
  const { onOverflow, encrypted, ...further } = rest;
  const options = Object.entries(further).some(([, value]) => value !== undefined)
    ? JSON.stringify(further)
    : undefined;
  const priorityCode = priority === undefined ? undefined : PRIORITIES[priority];
  if (priority !== undefined && priorityCode === undefined)
    throw optionError("priority: must be high, normal or low");
  const content = encodeSendContent({
    ...encodeData(data, json ?? jsonInPlace(message), dataBase64),
    ...(ttl === undefined ? {} : { ttl }),
    ...(priorityCode === undefined ? {} : { priority: priorityCode }),
    ...(collapseKey === undefined ? {} : { collapseKey }),
    ...(onOverflow === "reject" ? { rejectOnOverflow: true } : {}),
    ...(encrypted ? { encrypted: true } : {}),
    ...(options === undefined ? {} : { options }),
  });
  return { to: typeof to === "string" ? to : JSON.stringify(to), content };
}

/** A message that has a notification alone has an empty object as data. */
const jsonInPlace = ({ data, dataBase64, notification }: LinkMessage) =>
  data === undefined && dataBase64 === undefined && notification !== undefined ? "{}" : undefined;

function encodeData(
  data: MessageData | undefined,
  json: string | undefined,
  dataBase64: string | undefined,
): { readonly contentType: ContentType; readonly data: Uint8Array } {
  const given = [data, json, dataBase64].filter((value) => value !== undefined).length;
  if (given !== 1) throw optionError("data: give exactly one of data, json and dataBase64");
  if (json !== undefined) {
    checkJson("json", json);
    return { contentType: ContentType.JSON, data: utf8.encode(json) };
  }
  if (dataBase64 !== undefined) {
    const bytes = fromBase64(dataBase64);
    if (bytes === undefined) throw optionError("dataBase64: is no base64");
    return { contentType: ContentType.BINARY, data: bytes };
  }
  if (typeof data === "string") return { contentType: ContentType.TEXT, data: utf8.encode(data) };
  if (data instanceof ArrayBuffer)
    return { contentType: ContentType.BINARY, data: new Uint8Array(data) };
  if (ArrayBuffer.isView(data)) {
    const { buffer, byteOffset, byteLength } = data;
    return {
      contentType: ContentType.BINARY,
      data: new Uint8Array(buffer, byteOffset, byteLength),
    };
  }
  // Checked as a member, so that an error names it.
  const body = encodeBody({ data });
  return { contentType: ContentType.JSON, data: body.subarray(BEFORE_DATA, -1) };
}
