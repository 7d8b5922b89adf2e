/** Sends an event of type `test` to an endpoint, which is not stored. */
import { eventsBody } from "../../core/webhook/body.ts";
import type { Endpoint, TestAnswer } from "../../core/webhook/types.ts";
import { LIMITS } from "../../schema/limits.ts";
import { deliver } from "./delivery.ts";
import type { WebhookPort } from "./webhook-port.ts";

/** @param id its `webhook-id` */
export async function sendTestEvent(
  port: WebhookPort,
  endpoint: Endpoint,
  id: string,
  now: () => number,
): Promise<TestAnswer> {
  const begun = now();
  const event = { id: `evt_${id.slice(id.indexOf("_") + 1)}`, type: "test", at: begun };
  const body = eventsBody(begun, [JSON.stringify(event)]);
  const { failure, status, text } = await deliver(port, { endpoint, id, body }, begun);
  const tookMs = Math.max(0, now() - begun);
  const shown = text.slice(0, LIMITS.WEBHOOK_SHOWN_BYTES);
  const error = failure?.error ?? null;
  return { id, delivered: failure === null, status, error, body: shown, tookMs };
}
