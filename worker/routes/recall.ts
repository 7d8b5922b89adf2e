/** `DELETE /v1/messages/{id}`: recalls messages. */
import { deviceName } from "../../core/identity/device-id.ts";
import { seqTimeMs } from "../../core/message/clock.ts";
import { nodeObjectName, SOURCE_CHARS } from "../../core/tag/name.ts";
import { MeshError } from "../../schema/errors.ts";
import { isFinal, type RecallAnswerBody } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { type MessageIdParts, parseMessageId } from "../../schema/text.ts";
import { leftOf, refusal, wakeInTime } from "../calls/objects.ts";
import { openOwnRegId } from "../calls/registrations.ts";
import type { Handlers, MeshContext } from "../context.ts";
import { type Preference, readPrefer } from "../request/prefer.ts";
import { type Caller, readCaller } from "../request/signed.ts";
import { openOwnSource, progressOf } from "../send/broadcast-status.ts";

interface Recalled {
  readonly body: Omit<RecallAnswerBody, "id" | "tookMs">;
  /** Nothing changes any more. */
  readonly isOver: boolean;
}

async function recallMessage(c: MeshContext): Promise<Response> {
  const caller = await readCaller(c);
  const id = c.req.param("id") ?? "";
  const parts = parseMessageId(id);
  if (parts === undefined) throw new MeshError("message_id_invalid");
  const prefer = readPrefer(c.req.header("prefer"));
  const isBroadcast = parts.regId.length === SOURCE_CHARS;
  const recalled = await (isBroadcast ? recallBroadcast : recallSingle)(c, caller, parts, prefer);
  const tookMs = Date.now() - c.get("receivedAt");
  const body: RecallAnswerBody = { id, ...recalled.body, tookMs };
  const headers = prefer.applied === null ? {} : { "preference-applied": prefer.applied };
  return c.json(body, recalled.isOver ? 200 : 202, headers);
}

async function recallSingle(
  c: MeshContext,
  caller: Caller,
  { seq, key, regId }: MessageIdParts,
  prefer: Preference,
): Promise<Recalled> {
  const { deviceId, generation } = openOwnRegId(c, caller, regId, "message_id_invalid");
  const name = deviceName(deviceId);
  const ask = () => {
    // The time that the edge has used is part of the wait.
    const waitMs = leftOf(c, prefer.waitMs);
    const request = { app: caller.appName, generation, seq, key, waitMs };
    return c.env.DEVICES.getByName(name).recall(request);
  };
  const answer = await wakeInTime(c, name, ask, leftOf(c, prefer.waitMs) + LIMITS.CALL_MS);
  if (!answer.ok) throw refusal(answer);
  const { status, display, deliveredAt } = answer;
  const body = {
    status,
    ...(display === undefined ? {} : { display }),
    ...(deliveredAt === undefined ? {} : { deliveredAt }),
  };
  return { body, isOver: isFinal(status) && display !== "pending" };
}

async function recallBroadcast(
  c: MeshContext,
  caller: Caller,
  { seq, key, regId: source }: MessageIdParts,
  prefer: Preference,
): Promise<Recalled> {
  const tagId = openOwnSource(c, caller, source);
  const root = nodeObjectName({ app: caller.appName, tagId, path: "" });
  const { version: trustVersion } = caller.verified.verifier.trust;
  const ask = () => {
    const waitMs = leftOf(c, prefer.waitMs);
    return c.env.TAGS.getByName(root).recall({ seq, key, trustVersion, waitMs });
  };
  const answer = await wakeInTime(c, root, ask, leftOf(c, prefer.waitMs) + LIMITS.CALL_MS);
  if (!answer.ok) throw refusal(answer);
  const { broadcast, recall } = answer;
  const body = {
    status: "recalled" as const,
    recalledAt: broadcast.recalledAt ?? seqTimeMs(recall.seq),
    ...{ broadcast: progressOf(broadcast), recall: progressOf(recall) },
  };
  return { body, isOver: recall.status === "sent" };
}

export const recall: Handlers<"recallMessage"> = { recallMessage };
