/**
 * Sends one message, whatever carried it: a request of its own, a batch, or a link. Nothing here or below knows HTTP: a carrier reads the
 * message, takes a token of the quota (quota.ts), and answers in its own form.
 */
import type {
  AliasSendAnswerBody,
  BroadcastAnswerBody,
  SendAnswerBody,
  SingleTarget,
} from "../../schema/http.ts";
import { isFinal } from "../../schema/http.ts";
import type { CallContext } from "../context.ts";
import { sendToAlias } from "./alias.ts";
import { sendBroadcast } from "./broadcast.ts";
import type { Outgoing } from "./message.ts";
import { sendSingle } from "./single.ts";

/** What became of a message: by its target, of a registration, an alias or a broadcast. */
export type SendOutcome =
  | Omit<SendAnswerBody, "tookMs">
  | Omit<AliasSendAnswerBody, "tookMs">
  | Omit<BroadcastAnswerBody, "tookMs">;

/** @throws MeshError if the message is refused. One that was sent to some holders of an alias is not */
export function sendOutgoing(
  c: CallContext,
  outgoing: Outgoing<SingleTarget>,
): Promise<SendOutcome> {
  const { to } = outgoing;
  if (typeof to === "string") return sendSingle(c, { ...outgoing, to });
  if ("alias" in to) return sendToAlias(c, { ...outgoing, to });
  return sendBroadcast(c, { ...outgoing, to });
}

/** Whether nothing more happens to the message, so that the answer is 200 and not 202: a broadcast is sent after the answer. */
export function isSettled(outcome: SendOutcome): boolean {
  if ("results" in outcome)
    return outcome.results.every((result) => "error" in result || isFinal(result.status));
  return outcome.status !== "accepted" && isFinal(outcome.status);
}
