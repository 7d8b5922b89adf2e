/** Sends to one registration: calls its device. */
import { deviceName } from "../../core/identity/device-id.ts";
import { messageKey } from "../../core/identity/message-key.ts";
import type { SendRequest } from "../../core/message/send.ts";
import type { SendAnswerBody } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { formatMessageId } from "../../schema/text.ts";
import { leftOf, refusal, wakeInTime } from "../calls/objects.ts";
import { openOwnRegId } from "../calls/registrations.ts";
import type { MeshContext } from "../context.ts";
import { isFinal, readPrefer } from "../request/prefer.ts";
import { messageFields, type Outgoing, requireNoBroadcastFields } from "./message.ts";
import { quotaHeaders } from "./quota.ts";
import { sendTrusted } from "./trusted.ts";

export async function sendSingle(
  c: MeshContext,
  { caller, basis, fingerprint, to, body, content }: Outgoing<string>,
): Promise<Response> {
  requireNoBroadcastFields(body);
  const registration = openOwnRegId(c, caller, to);
  const key = messageKey(registration, basis);
  const prefer = readPrefer(c.req.header("prefer"));
  const send: Omit<SendRequest, "waitMs"> = {
    app: caller.appName,
    generation: registration.generation,
    key,
    ...fingerprint,
    ...messageFields({ body, content }),
    onOverflow: body.onOverflow ?? "drop_oldest",
  };
  const name = deviceName(registration.deviceId);
  const sent = await sendTrusted(caller, (trust) =>
    wakeInTime(
      c,
      name,
      () => {
        // The time that the edge has used is part of the wait.
        const waitMs = leftOf(c, prefer.waitMs);
        return c.env.DEVICES.getByName(name).send({ ...send, ...trust, waitMs });
      },
      leftOf(c, prefer.waitMs) + LIMITS.CALL_MS,
    ),
  );
  if (!sent.ok) throw refusal(sent);

  const id = formatMessageId({ seq: sent.seq, key, regId: to });
  const headers: Record<string, string> = { location: `/v1/messages/${id}` };
  if (prefer.applied !== null) headers["preference-applied"] = prefer.applied;
  if (c.get("quota") !== undefined) Object.assign(headers, quotaHeaders(c));
  const tookMs = Date.now() - c.get("receivedAt");
  const answer: SendAnswerBody = { id, status: sent.status, tookMs };
  const init = { status: isFinal(sent.status) ? 200 : 202, headers };
  return c.env.ANSWER_JSON?.(answer, init) ?? Response.json(answer, init);
}
