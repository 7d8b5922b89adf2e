/** `/v1/messages`: sends messages, and tells their status. */
import * as z from "zod";
import { deviceName } from "../../core/identity/device-id.ts";
import { seqTimeMs } from "../../core/message/clock.ts";
import { nodeObjectName, SOURCE_CHARS } from "../../core/tag/name.ts";
import { MeshError } from "../../schema/errors.ts";
import { jsonOfText } from "../../schema/http/text-send.ts";
import {
  type BatchAnswerBody,
  type BroadcastStatusBody,
  ROUTES,
  type SendBody,
  type SingleTarget,
  type StatusAnswerBody,
  type TargetsAnswerBody,
  type ValidationAnswerBody,
} from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { type MessageIdParts, parseMessageId } from "../../schema/text.ts";
import { refusal, wakeInTime } from "../calls/objects.ts";
import { openOwnRegId } from "../calls/registrations.ts";
import type { Handlers, MeshContext } from "../context.ts";
import { isJson, parseQuery, parseValue, readJson, readText } from "../request/body.ts";
import { readJsonList } from "../request/json-list.ts";
import { type Preference, readPrefer } from "../request/prefer.ts";
import { sendTokenOf } from "../request/send-token.ts";
import {
  type Caller,
  readBasis,
  readCaller,
  readSigned,
  readSignedBytes,
} from "../request/signed.ts";
import { sendMessages } from "../send/batch.ts";
import { openOwnSource, progressOf } from "../send/broadcast-status.ts";
import {
  contentOf,
  fingerprintOf,
  lastingBody,
  type Outgoing,
  statusFields,
} from "../send/message.ts";
import { quotaHeaders, takeToken, useOf } from "../send/quota.ts";
import { areSettled, toldResult } from "../send/results.ts";
import { isSettled, type SendOutcome, sendOutgoing } from "../send/send.ts";
import { sendToList, type TargetList } from "../send/targets.ts";
import { isThrift, readThriftBody, readThriftSend } from "../send/thrift.ts";
import { validateOutgoing } from "../send/validate.ts";

const utf8 = new TextEncoder();

/** `curl -F` makes a form of its text. */
const MULTIPART = /^multipart\//i;

/** With a send token, the body may be the text of the message. */
async function readSend(c: MeshContext, bound: number): ReturnType<typeof readSigned> {
  const { raw } = c.req;
  const isSigned = raw.headers.has("signature-input");
  const hasToken = sendTokenOf(raw) !== undefined;
  // Of a script that has forgotten its token, the content type is the least fault.
  if (!isSigned && !hasToken && !isJson(raw))
    throw new MeshError("signature_missing", "Signature-Input is missing, and so is a send token");
  if (hasToken && isJson(raw)) requireNoQuery(raw.url);
  if (!hasToken || isJson(raw) || MULTIPART.test(raw.headers.get("content-type") ?? ""))
    return readSigned(c, bound);
  const { caller, bytes } = await readSignedBytes(c, LIMITS.DATA_BYTES);
  const { textQuery } = ROUTES.sendMessage;
  const text = readText(bytes, (cause) => {
    const detail = "data: the text of the body is not UTF-8";
    return new MeshError("field_invalid", detail, { field: "data", cause });
  });
  const body = jsonOfText(parseQuery(textQuery, raw.url), text);
  return { caller, bytes: utf8.encode(JSON.stringify(body)) };
}

/** Its options would be missed without a word. @throws MeshError `field_invalid` */
function requireNoQuery(url: string): void {
  const [name] = new URL(url).searchParams.keys();
  if (name === undefined) return;
  const field = name.slice(0, 64);
  const detail = `${field}: a JSON body names its target and options itself; the query goes with text`;
  throw new MeshError("field_invalid", detail, { field });
}

async function sendMessage(c: MeshContext): Promise<Response> {
  const { schema, maxBytes } = ROUTES.sendMessage.body;
  if (isThrift(c.req.raw)) return sendThrift(c, maxBytes);
  const { caller, bytes } = await readSend(c, maxBytes);
  const basis = readBasis(c, caller);
  const json = readJson(bytes);
  const body = parseValue(schema, json.value);
  const content = contentOf(body, json);
  const { to, data: _, dataBase64: __, notification: ___, validateOnly, ...options } = body;
  const prefer = readPrefer(c.req.header("prefer"));
  if (validateOnly) {
    const answer = await validateOutgoing(c, { caller, to, options });
    const tookMs = Date.now() - c.get("receivedAt");
    return c.json({ ...answer, tookMs } satisfies ValidationAnswerBody);
  }
  const { waitMs } = prefer;
  const message = { caller, basis, options, content, waitMs };
  if (isList(to)) return sendToTargets(c, to, message, prefer);
  const heldUntil = await takeToken(c, caller, useOf(to, options));
  const asked = typeof to === "string" ? lastingBody(c, to, bytes, json) : bytes;
  const fingerprint = fingerprintOf(basis, asked);
  return answerOf(c, await sendOutgoing(c, { ...message, fingerprint, to, heldUntil }), prefer);
}

/** The body is a Send of schema/link.thrift, as on a sender link. */
async function sendThrift(c: MeshContext, maxBytes: number): Promise<Response> {
  const { caller, bytes } = await readSignedBytes(c, maxBytes);
  const basis = readBasis(c, caller);
  const { hash, ...read } = readThriftSend(readThriftBody(bytes));
  const prefer = readPrefer(c.req.header("prefer"));
  const heldUntil = await takeToken(c, caller, useOf(read.to, read.options));
  const fingerprint = basis.kind === "signature" ? {} : { fingerprint: hash };
  const waitMs = prefer.applied === null ? read.waitMs : prefer.waitMs;
  const outgoing = { caller, basis, fingerprint, ...read, waitMs, heldUntil };
  return answerOf(c, await sendOutgoing(c, outgoing), prefer);
}

const isList = (to: SendBody["to"]): to is TargetList =>
  typeof to === "object" && ("regIds" in to || "aliases" in to);

async function sendToTargets(
  c: MeshContext,
  to: TargetList,
  message: Omit<Outgoing<SingleTarget>, "to" | "fingerprint">,
  prefer: Preference,
): Promise<Response> {
  const { outcomes, results } = await sendToList(c, to, message);
  return answerWith(c, { results }, areSettled(outcomes), prefer.applied);
}

/** An Idempotency-Key in the body is checked with the message that has it. */
const batchEnvelope = z.strictObject({
  messages: z.array(z.unknown()).min(1).max(LIMITS.BATCH_MESSAGES),
});

async function sendBatch(c: MeshContext): Promise<Response> {
  const { caller, bytes } = await readSigned(c, ROUTES.sendBatch.body.maxBytes);
  const basis = readBasis(c, caller);
  const list = readJsonList(bytes, "messages", batchEnvelope);
  const prefer = readPrefer(c.req.header("prefer"));
  const outcomes = await sendMessages(c, { caller, basis, waitMs: prefer.waitMs }, list);
  return answerWith(c, { results: outcomes.map(toldResult) }, areSettled(outcomes), prefer.applied);
}

function answerOf(c: MeshContext, outcome: SendOutcome, { applied }: Preference): Response {
  const isSettledNow = isSettled(outcome);
  if (!("id" in outcome)) return answerWith(c, outcome, isSettledNow, applied);
  const location = `/v1/messages/${outcome.id}`;
  // A broadcast waits for no device.
  const preference = outcome.status === "accepted" ? null : applied;
  return answerWith(c, outcome, isSettledNow, preference, { location });
}

/** @param applied the preference that was applied; null for none */
function answerWith(
  c: MeshContext,
  body: SendOutcome | Omit<TargetsAnswerBody | BatchAnswerBody, "tookMs">,
  isOver: boolean,
  applied: string | null,
  headers: Record<string, string> = {},
): Response {
  if (applied !== null) headers["preference-applied"] = applied;
  if (c.get("quota") !== undefined) Object.assign(headers, quotaHeaders(c));
  const answer = { ...body, tookMs: Date.now() - c.get("receivedAt") };
  const init = { status: isOver ? 200 : 202, headers };
  return c.env.ANSWER_JSON?.(answer, init) ?? Response.json(answer, init);
}

async function statusOfMessage(
  c: MeshContext,
  caller: Caller,
  id: string,
  { seq, key, regId }: MessageIdParts,
): Promise<StatusAnswerBody> {
  const registration = openOwnRegId(c, caller, regId, "message_id_invalid");
  const question = { app: caller.appName, generation: registration.generation, seq, key };
  const name = deviceName(registration.deviceId);
  const found = await wakeInTime(c, name, () => c.env.DEVICES.getByName(name).status(question));
  if (!found.ok) throw refusal(found);
  const { events } = found;
  return {
    ...{ id, ...statusFields(found), acceptedAt: seqTimeMs(seq) },
    ...(events === undefined ? {} : { events: [...events] }),
  };
}

async function statusOfBroadcast(
  c: MeshContext,
  caller: Caller,
  id: string,
  { seq, key, regId: source }: MessageIdParts,
): Promise<BroadcastStatusBody> {
  const tagId = openOwnSource(c, caller, source);
  const { appName: app } = caller;
  const root = nodeObjectName({ app, tagId, path: "" });
  const found = await wakeInTime(c, root, () =>
    c.env.TAGS.getByName(root).broadcastStatus(key, seq),
  );
  if (found?.seq !== seq || found.isRecall) throw new MeshError("message_not_found");
  const { recalledAt, sendAt } = found;
  return {
    ...{ id, acceptedAt: seqTimeMs(seq), ...progressOf(found) },
    ...(recalledAt === undefined ? {} : { recalledAt }),
    ...(sendAt === undefined ? {} : { sendAt }),
  };
}

async function getMessage(c: MeshContext): Promise<Response> {
  const caller = await readCaller(c);
  const id = c.req.param("id") ?? "";
  const parts = parseMessageId(id);
  if (parts === undefined) throw new MeshError("message_id_invalid");
  const isBroadcast = parts.regId.length === SOURCE_CHARS;
  return c.json(await (isBroadcast ? statusOfBroadcast : statusOfMessage)(c, caller, id, parts));
}

export const messages: Handlers<"getMessage" | "sendBatch" | "sendMessage"> = {
  getMessage,
  sendBatch,
  sendMessage,
};
