/** `DELETE /v1/messages/{id}`: recalls messages. */
import { deviceName } from "../../core/identity/device-id.ts";
import { SOURCE_CHARS } from "../../core/tag/name.ts";
import { MeshError } from "../../schema/errors.ts";
import { isFinal, type RecallAnswerBody } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { parseMessageId } from "../../schema/text.ts";
import { leftOf, refusal, wakeInTime } from "../calls/objects.ts";
import { openOwnRegId } from "../calls/registrations.ts";
import type { Handlers, MeshContext } from "../context.ts";
import { readPrefer } from "../request/prefer.ts";
import { readCaller } from "../request/signed.ts";

async function recallMessage(c: MeshContext): Promise<Response> {
  const caller = await readCaller(c);
  const id = c.req.param("id") ?? "";
  const parts = parseMessageId(id);
  // A broadcast is not recalled: see docs/api.md.
  if (parts === undefined || parts.regId.length === SOURCE_CHARS)
    throw new MeshError("message_id_invalid");
  const { seq, key, regId } = parts;
  const { deviceId, generation } = openOwnRegId(c, caller, regId, "message_id_invalid");
  const prefer = readPrefer(c.req.header("prefer"));
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
  const body: RecallAnswerBody = {
    ...{ id, status },
    ...(display === undefined ? {} : { display }),
    ...(deliveredAt === undefined ? {} : { deliveredAt }),
    tookMs: Date.now() - c.get("receivedAt"),
  };
  const isOver = isFinal(status) && display !== "pending";
  const headers = prefer.applied === null ? {} : { "preference-applied": prefer.applied };
  return c.json(body, isOver ? 200 : 202, headers);
}

export const recall: Handlers<"recallMessage"> = { recallMessage };
