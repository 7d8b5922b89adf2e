/** What the objects of webhooks need of their host: requests to the outside, which the mesh makes for nothing else. */
import type { WebhookTargets } from "../../core/webhook/target.ts";

export interface WebhookRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** For the whole answer. */
  readonly timeoutMs: number;
  /** Most bytes of the answer's body that are read; the rest is dropped with the connection. */
  readonly maxBytes: number;
}

export type WebhookResponse =
  | {
      readonly ok: true;
      readonly status: number;
      /** The header, as it came. */
      readonly retryAfter: string | null;
      /** As much as `maxBytes` of the body, as text. */
      readonly text: string;
    }
  | { readonly ok: false; readonly error: string };

export interface WebhookPort {
  /** The operator's setting. */
  readonly targets: WebhookTargets;
  /**
   * Makes a POST request. Follows no redirect. A host that looks the name up itself connects only to an address that it has checked, unless
   * `targets` is `private`; on another one the platform keeps requests out of private networks.
   */
  post(request: WebhookRequest): Promise<WebhookResponse>;
}
