/** `/v1/messages`: sends messages, and tells their status. */
import { deviceName } from "../../core/identity/device-id.ts";
import { seqTimeMs } from "../../core/message/clock.ts";
import { nodeObjectName, openSource, SOURCE_CHARS } from "../../core/tag/name.ts";
import { MeshError } from "../../schema/errors.ts";
import { jsonOfText } from "../../schema/http/text-send.ts";
import { type BroadcastStatusBody, ROUTES, type StatusAnswerBody } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { type MessageIdParts, parseMessageId } from "../../schema/text.ts";
import { refusal, wakeInTime } from "../calls/objects.ts";
import { openOwnRegId } from "../calls/registrations.ts";
import type { Handlers, MeshContext } from "../context.ts";
import { isJson, parseQuery, parseValue, readJson, readText } from "../request/body.ts";
import { type Preference, readPrefer } from "../request/prefer.ts";
import { sendTokenOf } from "../request/send-token.ts";
import {
  type Caller,
  readBasis,
  readCaller,
  readSigned,
  readSignedBytes,
} from "../request/signed.ts";
import { contentOf, fingerprintOf, lastingBody } from "../send/message.ts";
import { quotaHeaders, takeToken } from "../send/quota.ts";
import { isSettled, type SendOutcome, sendOutgoing } from "../send/send.ts";

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
  const { caller, bytes } = await readSend(c, maxBytes);
  const basis = readBasis(c, caller);
  const json = readJson(bytes);
  const { to, data, dataBase64, ...options } = parseValue(schema, json.value);
  const content = contentOf({ data, dataBase64, encrypted: options.encrypted }, json);
  await takeToken(c, caller);
  const asked = typeof to === "string" ? lastingBody(c, to, bytes, json) : bytes;
  const fingerprint = fingerprintOf(basis, asked);
  const prefer = readPrefer(c.req.header("prefer"));
  const { waitMs } = prefer;
  const outgoing = { caller, basis, fingerprint, to, options, content, waitMs };
  return answerOf(c, await sendOutgoing(c, outgoing), prefer);
}

function answerOf(c: MeshContext, outcome: SendOutcome, { applied }: Preference): Response {
  const headers: Record<string, string> = {};
  if ("id" in outcome) headers["location"] = `/v1/messages/${outcome.id}`;
  // A broadcast waits for no device.
  const isBroadcast = "id" in outcome && outcome.status === "accepted";
  if (applied !== null && !isBroadcast) headers["preference-applied"] = applied;
  if (c.get("quota") !== undefined) Object.assign(headers, quotaHeaders(c));
  const answer = { ...outcome, tookMs: Date.now() - c.get("receivedAt") };
  const init = { status: isSettled(outcome) ? 200 : 202, headers };
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
  const { status, events } = found;
  return {
    ...{ id, status, acceptedAt: seqTimeMs(seq) },
    ...(events === undefined ? {} : { events: [...events] }),
  };
}

async function statusOfBroadcast(
  c: MeshContext,
  { appName: app }: Caller,
  id: string,
  { seq, key, regId: source }: MessageIdParts,
): Promise<BroadcastStatusBody> {
  const tagId = openSource(c.get("config").keyring, app, source);
  if (tagId === undefined) throw new MeshError("message_id_invalid");
  const root = nodeObjectName({ app, tagId, path: "" });
  const found = await wakeInTime(c, root, () =>
    c.env.TAGS.getByName(root).broadcastStatus(key, seq),
  );
  if (found?.seq !== seq) throw new MeshError("message_not_found");
  const { seq: _, first: __, ...status } = found;
  return { id, acceptedAt: seqTimeMs(seq), ...status };
}

async function getMessage(c: MeshContext): Promise<Response> {
  const caller = await readCaller(c);
  const id = c.req.param("id") ?? "";
  const parts = parseMessageId(id);
  if (parts === undefined) throw new MeshError("message_id_invalid");
  const isBroadcast = parts.regId.length === SOURCE_CHARS;
  return c.json(await (isBroadcast ? statusOfBroadcast : statusOfMessage)(c, caller, id, parts));
}

export const messages: Handlers<"getMessage" | "sendMessage"> = { getMessage, sendMessage };
