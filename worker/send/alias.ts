/** Sends to an alias: calls the devices of all holders concurrently, with a result for each. */
import { isRefusedAsReused, sendToHolders } from "../../core/alias/sending.ts";
import type { Holder } from "../../core/alias/types.ts";
import { groupKey } from "../../core/identity/message-key.ts";
import type { AliasSend, SendAnswer, SendRequest } from "../../core/message/send.ts";
import { MeshError } from "../../schema/errors.ts";
import type { AliasResult, AliasSendAnswerBody } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { formatMessageId } from "../../schema/text.ts";
import { leftOf, wakeInTime, withTimeout } from "../calls/objects.ts";
import { regIdOf } from "../calls/registrations.ts";
import type { CallContext } from "../context.ts";
import { asMeshError } from "../problem.ts";
import { holdFields } from "./hold.ts";
import { askHolders, knownHolders } from "./holders.ts";
import {
  FOR_ONE,
  type MessageOptions,
  type Outgoing,
  requireNoBroadcastFields,
  requireUnused,
  singleFields,
  statusFields,
  type TargetWith,
} from "./message.ts";
import { sendTrusted } from "./trusted.ts";

/** @throws MeshError `field_invalid` for options that an alias does not have */
export function requireForAlias(options: MessageOptions): void {
  requireNoBroadcastFields(options);
  requireUnused(options, ["encrypted"], FOR_ONE);
}

/** @throws MeshError if an option is wrong, nobody holds the alias, or all holders know the key of another message */
export async function sendToAlias(
  c: CallContext,
  {
    caller,
    basis,
    fingerprint,
    to,
    options,
    content,
    waitMs: wait,
    heldUntil,
  }: Outgoing<TargetWith<"alias">>,
): Promise<Omit<AliasSendAnswerBody, "tookMs">> {
  requireForAlias(options);
  const key = groupKey(caller.app, { kind: "alias", name: to.alias }, basis);
  const request: Omit<SendRequest, "generation" | "waitMs" | "alias"> = {
    app: caller.appName,
    key,
    ...fingerprint,
    ...singleFields({ caller, options, content }),
    onOverflow: options.onOverflow ?? "drop_oldest",
    ...holdFields(options.sendAt, c.get("receivedAt"), heldUntil),
  };
  const send = async (
    { device, generation }: Holder,
    shared: boolean,
    taken?: AliasSend["taken"],
  ): Promise<SendAnswer> => {
    const alias: AliasSend = {
      ...{ alias: to.alias, firstAckWins: to.firstAckWins, shared },
      ...(taken === undefined ? {} : { taken }),
    };
    try {
      return await sendTrusted(caller, (trust) =>
        wakeInTime(
          c,
          device,
          () => {
            const waitMs = leftOf(c, wait);
            const own: SendRequest = { ...request, ...trust, generation, waitMs, alias };
            return c.env.DEVICES.getByName(device).send(own);
          },
          leftOf(c, wait) + LIMITS.CALL_MS,
        ),
      );
    } catch (error) {
      const { code, message } = asMeshError(error, "a send to an alias");
      return { ok: false, code, detail: message };
    }
  };
  const sent = await sendToHolders({
    known: knownHolders(caller.appName, to.alias),
    firstAckWins: to.firstAckWins,
    fingerprint: fingerprint.fingerprint,
    now: Date.now(),
    ask: () => askHolders(c, caller.appName, to.alias, key),
    send,
    within: (ms, done) => withTimeout(ms, done).catch(() => undefined),
  });
  if (sent.length === 0) throw new MeshError("alias_unknown");
  // If all holders refuse the key, nothing was sent. Otherwise the result of each holder tells.
  if (sent.every(isRefusedAsReused)) throw new MeshError("idempotency_key_reused");

  const results = sent.map(({ holder, answer }): AliasResult => {
    const regId = regIdOf(c, caller, holder);
    if (answer.ok) {
      const id = formatMessageId({ seq: answer.seq, key, regId });
      return { regId, id, ...statusFields(answer) };
    }
    const { code, message } = new MeshError(answer.code, answer.detail);
    return { regId, error: code, detail: message };
  });
  return { results };
}
