/** The port by which webhooks make their requests, which are the only ones that the mesh makes to other servers. */
import type { WebhookTargets } from "../../core/webhook/target.ts";

export interface WebhookRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** For the whole answer. */
  readonly timeoutMs: number;
  /** The most bytes of the answer's body that are read; then the connection is closed. */
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

/** Says why a request got no answer. */
export const failureText = (error: Error, isLate: boolean, timeoutMs: number): string =>
  isLate ? `no answer within ${timeoutMs / 1_000} s` : `no connection: ${error.message}`;

export interface WebhookPort {
  /** The operator's setting. */
  readonly targets: WebhookTargets;
  /**
   * Makes a POST request. Follows no redirect. A host that looks the name up itself connects only to an address that it has checked, unless
   * `targets` is `private`; on another one the platform keeps requests out of private networks.
   */
  post(request: WebhookRequest): Promise<WebhookResponse>;
}
