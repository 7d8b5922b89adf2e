/** `/v1/messages`: an app server sends, and asks what became of it. */
import { Hono } from "hono";
import { seqTimeMs } from "../../core/device/clock.ts";
import type { ContentTypeCode, Lane, SendRequest } from "../../core/device/types.ts";
import { deviceName } from "../../core/identity/device-id.ts";
import { equalBytes } from "../../core/identity/mac.ts";
import { type IdempotencyBasis, messageKey } from "../../core/identity/message-key.ts";
import type { RegIdCache, RegIdParts } from "../../core/identity/reg-id.ts";
import { MeshError } from "../../schema/errors.ts";
import {
  type SendAnswerBody,
  type SendBody,
  type StatusAnswerBody,
  sendBody,
} from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { formatMessageId, parseMessageId, toBase64Url } from "../../schema/text.ts";
import { parseBody, readBody, requireJson } from "../body.ts";
import type { AppEnv } from "../context.ts";
import { callObject, refusal } from "../objects.ts";
import { readPrefer } from "../prefer.ts";
import { authenticate } from "../signature/authenticate.ts";
import { checkDigest } from "../signature/digest.ts";

const LANES: Readonly<Record<SendBody["priority"], Lane>> = { high: 1, normal: 2, low: 3 };
const IDEMPOTENCY_KEY = new RegExp(`^[\\x21-\\x7e]{1,${LIMITS.IDEMPOTENCY_KEY_CHARS}}$`);
const utf8 = new TextEncoder();

/** @throws MeshError `idempotency_key_invalid` */
function readIdempotencyKey(header: string | undefined): string | undefined {
  if (header !== undefined && !IDEMPOTENCY_KEY.test(header)) {
    throw new MeshError("idempotency_key_invalid");
  }
  return header;
}

/** Opens a regId that `app` may use. */
function openOwnRegId(
  regIds: RegIdCache,
  regId: string,
  app: Uint8Array,
  invalid: "reg_id_invalid" | "message_id_invalid",
): RegIdParts {
  const parts = regIds.open(regId);
  if (parts === undefined) throw new MeshError(invalid);
  if (!equalBytes(parts.app, app)) throw new MeshError("reg_id_foreign");
  return parts;
}

/** The bytes of the data and what they are. */
function encodeData(body: SendBody): { contentType: ContentTypeCode; data: Uint8Array } {
  const { data, dataBase64 } = body;
  if (dataBase64 !== undefined) {
    const binary = atob(dataBase64);
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    return { contentType: 3, data: bounded(bytes, "dataBase64") };
  }
  if (typeof data === "string") return { contentType: 2, data: bounded(utf8.encode(data), "data") };
  return { contentType: 1, data: bounded(utf8.encode(JSON.stringify(data)), "data") };
}

function bounded(data: Uint8Array, field: string): Uint8Array {
  if (data.length <= LIMITS.DATA_BYTES) return data;
  const detail = `${field}: ${data.length} bytes; at most ${LIMITS.DATA_BYTES} are taken`;
  throw new MeshError("field_invalid", detail, { field });
}

export const messages = new Hono<AppEnv>();

messages.post("/", async (c) => {
  const request = c.req.raw;
  const { regIds } = c.get("config");
  requireJson(request);
  const bytes = await readBody(request);
  await checkDigest(request.headers.get("content-digest"), bytes, c.env.CRYPTO);
  const caller = await authenticate(c);
  const { app } = caller.verifier;

  const idempotencyKey = readIdempotencyKey(c.req.header("idempotency-key"));
  if (idempotencyKey === undefined && caller.nonce === undefined) {
    throw new MeshError("nonce_required");
  }
  // A signature with a nonce is of this request alone; made or replayed again it is the same message.
  const basis: IdempotencyBasis =
    idempotencyKey === undefined
      ? { kind: "signature", value: caller.signature }
      : { kind: "idempotency-key", value: idempotencyKey };

  const body = parseBody(sendBody, bytes);
  const registration = openOwnRegId(regIds, body.to, app, "reg_id_invalid");
  const key = messageKey(registration, basis);
  const prefer = readPrefer(c.req.header("prefer"));
  const send: SendRequest = {
    app: toBase64Url(app),
    generation: registration.generation,
    key,
    lane: LANES[body.priority],
    ...encodeData(body),
    ttlSeconds: body.ttl,
    collapseKey: body.collapseKey ?? null,
    onOverflow: body.onOverflow,
    waitMs: prefer.waitMs,
  };
  const name = deviceName(registration.deviceId);
  const sent = await callObject(() => c.env.DEVICES.getByName(name).send(send));
  if (!sent.ok) throw refusal(sent);

  const id = formatMessageId({ seq: sent.seq, key, regId: body.to });
  const headers: Record<string, string> = { location: `/v1/messages/${id}` };
  if (prefer.applied !== null) headers["preference-applied"] = prefer.applied;
  const tookMs = Date.now() - c.get("receivedAt");
  const answer: SendAnswerBody = { id, status: sent.status, tookMs };
  return Response.json(answer, { status: sent.status === "queued" ? 202 : 200, headers });
});

messages.get("/:id", async (c) => {
  const caller = await authenticate(c);
  const { app } = caller.verifier;
  const id = c.req.param("id");
  const parts = parseMessageId(id);
  if (parts === undefined) throw new MeshError("message_id_invalid");
  const registration = openOwnRegId(c.get("config").regIds, parts.regId, app, "message_id_invalid");

  const { seq, key } = parts;
  const question = { app: toBase64Url(app), generation: registration.generation, seq, key };
  const name = deviceName(registration.deviceId);
  const found = await callObject(() => c.env.DEVICES.getByName(name).status(question));
  if (!found.ok) throw refusal(found);

  const answer: StatusAnswerBody = { id, status: found.status, acceptedAt: seqTimeMs(seq) };
  return c.json(answer);
});
