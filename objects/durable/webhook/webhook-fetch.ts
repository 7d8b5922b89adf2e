/**
 * Makes the requests of webhooks with the runtime's `fetch`. It resolves names itself, so addresses cannot be checked before: from Cloudflare's network
 * no private network can be reached, and workerd connects only to addresses that its configuration allows (hosts/workerd/config.ts).
 */
import { targetsOf } from "../../../core/webhook/target.ts";
import {
  failureText,
  type WebhookPort,
  type WebhookRequest,
  type WebhookResponse,
} from "../../webhook/webhook-port.ts";

export class WebhookFetch implements WebhookPort {
  readonly targets: WebhookPort["targets"];

  /** @param setting the operator's, `WEBHOOK_TARGETS` */
  constructor(setting: string | undefined) {
    this.targets = targetsOf(setting);
  }

  async post(request: WebhookRequest): Promise<WebhookResponse> {
    const { url, headers, body, timeoutMs, maxBytes } = request;
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const init = { method: "POST", headers, body, redirect: "manual", signal } as const;
      const answer = await fetch(url, init);
      const text = await textOf(answer, maxBytes);
      return {
        ok: true,
        status: answer.status,
        retryAfter: answer.headers.get("retry-after"),
        text,
      };
    } catch (error) {
      return { ok: false, error: failureText(error as Error, signal.aborted, timeoutMs) };
    }
  }
}

/** Reads the first `maxBytes` of a body. */
async function textOf({ body }: Response, maxBytes: number): Promise<string> {
  if (body === null) return "";
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let text = "";
  for (let left = maxBytes; left > 0; ) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value.subarray(0, left), { stream: true });
    left -= value.byteLength;
  }
  await reader.cancel();
  return text;
}
