/** Sends to one registration: calls its device. */
import { deviceName } from "../../core/identity/device-id.ts";
import { messageKey } from "../../core/identity/message-key.ts";
import type { SendRequest } from "../../core/message/send.ts";
import type { SendAnswerBody } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { formatMessageId } from "../../schema/text.ts";
import { leftOf, refusal, wakeInTime } from "../calls/objects.ts";
import { openOwnRegId } from "../calls/registrations.ts";
import type { CallContext } from "../context.ts";
import { messageFields, type Outgoing, requireNoBroadcastFields } from "./message.ts";
import { sendTrusted } from "./trusted.ts";

/** @throws MeshError if the regId or an option is wrong, or the device refuses the message */
export async function sendSingle(
  c: CallContext,
  { caller, basis, fingerprint, to, options, content, waitMs: wait }: Outgoing<string>,
): Promise<Omit<SendAnswerBody, "tookMs">> {
  requireNoBroadcastFields(options);
  const registration = openOwnRegId(c, caller, to);
  const key = messageKey(registration, basis);
  const send: Omit<SendRequest, "waitMs"> = {
    app: caller.appName,
    generation: registration.generation,
    key,
    ...fingerprint,
    ...messageFields({ options, content }),
    onOverflow: options.onOverflow ?? "drop_oldest",
  };
  const name = deviceName(registration.deviceId);
  const sent = await sendTrusted(caller, (trust) =>
    wakeInTime(
      c,
      name,
      () => {
        // The time that the edge has used is part of the wait.
        const waitMs = leftOf(c, wait);
        return c.env.DEVICES.getByName(name).send({ ...send, ...trust, waitMs });
      },
      leftOf(c, wait) + LIMITS.CALL_MS,
    ),
  );
  if (!sent.ok) throw refusal(sent);

  return { id: formatMessageId({ seq: sent.seq, key, regId: to }), status: sent.status };
}
