/** The parts of a message that are the same for all targets. */
import { sha256 } from "@noble/hashes/sha2.js";
import type { IdempotencyBasis } from "../../core/identity/message-key.ts";
import { contentBytes, type KeptOptions } from "../../core/message/options.ts";
import type { Priority } from "../../core/message/priority.ts";
import type { ContentTypeCode, SendAnswer } from "../../core/message/send.ts";
import { dataHash } from "../../schema/data-hash.ts";
import { dataOfBody, HEADER_BYTES, isEncryptedBody } from "../../schema/encrypted.ts";
import { MeshError } from "../../schema/errors.ts";
import type { Notification } from "../../schema/generated/link.ts";
import type { SendBody, SingleTarget } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { CallContext } from "../context.ts";
import type { JsonBody } from "../request/body.ts";
import { compactJson } from "../request/json-text.ts";
import type { Caller } from "../request/signed.ts";

/** The data and its type, and the notification. */
export interface Content {
  readonly contentType: ContentTypeCode;
  readonly data: Uint8Array;
  readonly notification?: Notification;
}

/** What a sender may ask for beside the target and the data. */
export type MessageOptions = Omit<
  SendBody,
  "to" | "data" | "dataBase64" | "notification" | "validateOnly"
>;

/** A message to be sent: read and checked, whatever carried it. */
export interface Outgoing<To extends SingleTarget> {
  readonly caller: Caller;
  readonly basis: IdempotencyBasis;
  /** To one registration: the message's key, if it is not derived from the basis. */
  readonly key?: Uint8Array;
  /** Of the body: present if the same Idempotency-Key could arrive with another body. */
  readonly fingerprint: { readonly fingerprint?: number };
  readonly to: To;
  readonly options: MessageOptions;
  readonly content: Content;
  /** How long the answer may wait for devices, from `receivedAt` of the context, milliseconds. */
  readonly waitMs: number;
  /** When there is a token of the quota for it, if that is later: milliseconds since 1970. */
  readonly heldUntil?: number | undefined;
}

/** The targets with this field. */
export type TargetWith<Field extends string> = Extract<SingleTarget, Record<Field, unknown>>;

/** The first 32 bits of the body's hash, see `SendRequest.fingerprint`. */
export function fingerprintOf(
  { kind }: IdempotencyBasis,
  body: Uint8Array,
): { readonly fingerprint?: number } {
  if (kind === "signature") return {};
  const hash = sha256(body);
  return { fingerprint: new DataView(hash.buffer, hash.byteOffset).getUint32(0) };
}

/**
 * The same of a message that has no body of its own: of what is sent, however it was written. The target is not part of it, because the message's key
 * is derived from that, so a sender may send again to those targets alone that were refused.
 */
export function fingerprintOfContent(
  { kind }: IdempotencyBasis,
  options: MessageOptions,
  { contentType, data, notification }: Content,
): { readonly fingerprint?: number } {
  if (kind === "signature") return {};
  const text = `${JSON.stringify(options)}${contentType}`;
  // The messages of a batch mostly have the same options.
  if (text !== lastOptions.text) lastOptions = { text, hash: dataHash(utf8.encode(text)) };
  return { fingerprint: (Math.imul(lastOptions.hash, 31) ^ dataHash(data, notification)) >>> 0 };
}

let lastOptions = { text: "", hash: 0 };

/**
 * The body as it is fingerprinted: with the lasting regId of the registration in `to`. After a change of the mesh's keys a sender may
 * retry with the new regId, which must not count as another body.
 *
 * @param to the regId in the body
 */
export function lastingBody(
  c: CallContext,
  to: string,
  body: Uint8Array,
  { text, members }: JsonBody,
): Uint8Array {
  const lasting = c.get("config").regIds.open(to)?.lasting ?? to;
  if (lasting === to) return body;
  const start = members.get("to")?.start ?? 0;
  return utf8.encode(text.slice(0, start) + text.slice(start).replace(to, lasting));
}

const PRIORITIES: Readonly<Record<SendBody["priority"], Priority>> = { high: 1, normal: 2, low: 3 };
const utf8 = new TextEncoder();

/** @throws MeshError `field_invalid` for more than `LIMITS.DATA_BYTES` */
export function contentOf(
  body: Pick<SendBody, "data" | "dataBase64" | "encrypted" | "notification">,
  json: Pick<JsonBody, "members" | "text">,
): Content {
  return withNotification(dataOf(body, json), body.notification);
}

/** @throws MeshError `field_invalid` for more than `LIMITS.DATA_BYTES` in all */
export function withNotification(
  content: Content,
  notification: SendBody["notification"],
): Content {
  if (notification === undefined) return content;
  const whole = { ...content, notification: notification as Notification };
  const bytes = contentBytes(whole);
  if (bytes <= LIMITS.DATA_BYTES) return whole;
  const field = "notification";
  const detail = `${field}: ${bytes} bytes with the data; at most ${LIMITS.DATA_BYTES} are taken`;
  throw new MeshError("field_invalid", detail, { field });
}

/** @throws MeshError `field_invalid` */
function dataOf(
  { data, dataBase64, encrypted }: Pick<SendBody, "data" | "dataBase64" | "encrypted">,
  { text, members }: Pick<JsonBody, "members" | "text">,
): Content {
  if (dataBase64 !== undefined) {
    const binary = atob(dataBase64);
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    if (encrypted) return { contentType: 1, data: encryptedData(bytes) };
    return { contentType: 3, data: bounded(bytes, "dataBase64") };
  }
  if (data === undefined) return { contentType: 1, data: utf8.encode("{}") };
  if (typeof data === "string") return { contentType: 2, data: bounded(utf8.encode(data), "data") };
  const json = compactJson(text, members.get("data"), data);
  return { contentType: 1, data: bounded(utf8.encode(json), "data") };
}

/** @throws MeshError `field_invalid` for what no device can decrypt: often the plaintext, which must not be stored */
function encryptedData(body: Uint8Array): Uint8Array {
  const field = "dataBase64";
  if (!isEncryptedBody(body)) {
    const detail = `${field}: is no body of RFC 8291 (aes128gcm), which begins with a header of ${HEADER_BYTES} bytes`;
    throw new MeshError("field_invalid", detail, { field });
  }
  return bounded(dataOfBody(body), field);
}

function bounded(data: Uint8Array, field: string): Uint8Array {
  if (data.length <= LIMITS.DATA_BYTES) return data;
  const detail = `${field}: ${data.length} bytes; at most ${LIMITS.DATA_BYTES} are taken`;
  throw new MeshError("field_invalid", detail, { field });
}

/** What its sender asked for. */
function askedBy(asked: MessageOptions): { readonly options?: KeptOptions } {
  const { label, trace, receipts, ignoreQuietHours } = asked;
  const options: KeptOptions = {
    ...(label === undefined ? {} : { label }),
    ...(ignoreQuietHours ? { ignoreQuietHours } : {}),
    ...(trace ? { trace } : {}),
    ...(receipts ? { receipts } : {}),
  };
  return Object.keys(options).length === 0 ? {} : { options };
}

export function messageFields({
  options,
  content,
}: Pick<Outgoing<SingleTarget>, "options" | "content">) {
  return {
    lane: PRIORITIES[options.priority],
    ...content,
    ttlSeconds: options.ttl,
    ...(options.onlineOnly ? { onlineOnly: true as const } : {}),
    collapseKey: options.collapseKey ?? null,
    ...askedBy(options),
  };
}

/** The same of a message to a registration or an alias, which has `receipts` as its app has set it if its sender does not say. */
export function singleFields({
  caller,
  options,
  content,
}: Pick<Outgoing<SingleTarget>, "caller" | "options" | "content">) {
  const isDefault =
    options.receipts === undefined && caller.verified.verifier.trust.policy.receipts === true;
  return messageFields({ options: isDefault ? { ...options, receipts: true } : options, content });
}

/** The status in an answer, and when a message that waits for its time will be sent. */
export const statusFields = ({
  status,
  heldUntil,
}: Pick<Extract<SendAnswer, { ok: true }>, "status" | "heldUntil">) => ({
  status,
  ...(heldUntil === undefined ? {} : { sendAt: heldUntil }),
});

/** Why `encrypted` is refused for other targets. */
export const FOR_ONE = "only to a regId: a body is encrypted to one key";

/** Fields that only some targets have a use for. */
type BoundField =
  | "filter"
  | "pace"
  | "onOverflow"
  | "encrypted"
  | "trace"
  | "receipts"
  | "sendAt"
  | "ignoreQuietHours";

/**
 * Refuses fields that have no effect for the target, because the sender expects one.
 *
 * @throws MeshError `field_invalid` naming the field
 */
export function requireUnused(
  options: MessageOptions,
  fields: readonly BoundField[],
  why: string,
): void {
  const field = fields.find((name) => options[name] !== undefined);
  if (field !== undefined) throw new MeshError("field_invalid", `${field}: ${why}`, { field });
}

/** @throws MeshError `field_invalid` for fields of a broadcast */
export function requireNoBroadcastFields(options: MessageOptions): void {
  requireUnused(options, ["filter", "pace"], "only for a broadcast");
}
