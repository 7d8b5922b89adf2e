/** One attempt to deliver a batch of events: whether the endpoint may be called, the signed request, and what the answer means. */
import type { Failure } from "../../core/webhook/endpoint-queue.ts";
import type { Attempt } from "../../core/webhook/queue.ts";
import { signedHeaders } from "../../core/webhook/sign.ts";
import { targetFault } from "../../core/webhook/target.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { WebhookPort } from "./webhook-port.ts";

export interface Delivered {
  /** Null for a success. */
  readonly failure: Failure | null;
  /** The receiver says that it is gone for good. */
  readonly isGone: boolean;
  /** Null if it did not answer. */
  readonly status: number | null;
  readonly text: string;
}

const GONE = 410;

const failed = (error: string): Delivered => ({
  failure: { error, retryAfterMs: 0 },
  isGone: false,
  status: null,
  text: "",
});

/** @param now milliseconds since 1970 */
export async function deliver(
  port: WebhookPort,
  { endpoint, id, body }: Attempt,
  now: number,
): Promise<Delivered> {
  // Checked at each attempt: the operator may have changed the setting.
  const fault = targetFault(endpoint.url, port.targets);
  if (fault !== null) return failed(`the URL ${fault}`);
  const headers = signedHeaders({ id, body }, endpoint.secrets, now);
  if (headers["webhook-signature"] === "") return failed("no mesh key opens its secret: rotate it");
  const answer = await port.post({
    url: endpoint.url,
    headers,
    body,
    timeoutMs: LIMITS.WEBHOOK_ANSWER_MS,
    maxBytes: LIMITS.WEBHOOK_ANSWER_BYTES,
  });
  if (!answer.ok) return failed(answer.error);
  const { status, text, retryAfter } = answer;
  const isGone = status === GONE;
  if (status >= 200 && status < 300) return { failure: null, isGone, status, text };
  const error =
    status >= 300 && status < 400
      ? `it answered ${status}: redirects are not followed`
      : `it answered ${status}`;
  return { failure: { error, retryAfterMs: waitOf(retryAfter, now) }, isGone, status, text };
}

/** What a Retry-After asks for (RFC 9110 §10.2.3), in milliseconds; 0 for nothing. */
function waitOf(header: string | null, now: number): number {
  if (header === null) return 0;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1_000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? 0 : Math.max(0, at - now);
}
