/** Sends to one registration: calls its device. */
import { deviceName } from "../../core/identity/device-id.ts";
import { messageKey } from "../../core/identity/message-key.ts";
import type { SendAnswer, SendRequest } from "../../core/message/send.ts";
import type { SendAnswerBody } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { formatMessageId } from "../../schema/text.ts";
import { leftOf, refusal, wakeInTime } from "../calls/objects.ts";
import { openOwnRegId } from "../calls/registrations.ts";
import type { CallContext } from "../context.ts";
import { holdFields } from "./hold.ts";
import { type Outgoing, requireNoBroadcastFields, singleFields, statusFields } from "./message.ts";
import { sendTrusted } from "./trusted.ts";

/** A message that its device can be called with. */
export interface SingleSend {
  /** Name of the device's object. */
  readonly device: string;
  readonly regId: string;
  readonly request: Omit<SendRequest, "waitMs">;
}

/** What the sender is told of a message to one registration. */
export type SingleOutcome = Omit<SendAnswerBody, "tookMs">;

/** @throws MeshError if the regId or an option is wrong */
export function singleSend(
  c: CallContext,
  { caller, basis, key, fingerprint, to, options, content, heldUntil }: Outgoing<string>,
): SingleSend {
  requireNoBroadcastFields(options);
  const registration = openOwnRegId(c, caller, to);
  const request: Omit<SendRequest, "waitMs"> = {
    app: caller.appName,
    generation: registration.generation,
    key: key ?? messageKey(registration, basis),
    ...fingerprint,
    ...singleFields({ caller, options, content }),
    onOverflow: options.onOverflow ?? "drop_oldest",
    ...holdFields(options.sendAt, c.get("receivedAt"), heldUntil),
  };
  return { device: deviceName(registration.deviceId), regId: to, request };
}

/** @throws MeshError if the device refuses the message */
export function singleOutcome({ regId, request }: SingleSend, sent: SendAnswer): SingleOutcome {
  if (!sent.ok) throw refusal(sent);
  const { seq } = sent;
  return { id: formatMessageId({ seq, key: request.key, regId }), ...statusFields(sent) };
}

/** @throws MeshError as `singleSend` and `singleOutcome` do, and if the device does not answer */
export const sendSingle = async (
  c: CallContext,
  outgoing: Outgoing<string>,
): Promise<SingleOutcome> => sendMade(c, outgoing, singleSend(c, outgoing));

/** The same of a message that was made. */
export async function sendMade(
  c: CallContext,
  { caller, waitMs: wait }: Outgoing<string>,
  single: SingleSend,
): Promise<SingleOutcome> {
  const { device, request } = single;
  const sent = await sendTrusted(caller, (trust) =>
    wakeInTime(
      c,
      device,
      () => {
        // The time that the edge has used is part of the wait.
        const waitMs = leftOf(c, wait);
        return c.env.DEVICES.getByName(device).send({ ...request, ...trust, waitMs });
      },
      leftOf(c, wait) + LIMITS.CALL_MS,
    ),
  );
  return singleOutcome(single, sent);
}
