/** Signatures by the scheme of Standard Webhooks 1.0 (https://www.standardwebhooks.com), version v1: HMAC-SHA256. */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { toBase64 } from "../../schema/text.ts";
import type { EndpointSecret } from "./types.ts";

const utf8 = new TextEncoder();

const SECRET_PREFIX = "whsec_";

/** A secret as receivers configure it. */
export const formatWebhookSecret = (secret: Uint8Array): string =>
  `${SECRET_PREFIX}${toBase64(secret)}`;

/**
 * The headers of one attempt. Every secret that has not expired signs, so that a receiver may use either one during a rotation.
 *
 * @param id the same in every attempt
 * @param now of this attempt, milliseconds since 1970: a receiver refuses an old timestamp
 */
export function signedHeaders(
  { id, body }: { readonly id: string; readonly body: string },
  secrets: readonly EndpointSecret[],
  now: number,
): Readonly<Record<string, string>> {
  const timestamp = `${Math.floor(now / 1_000)}`;
  const signed = utf8.encode(`${id}.${timestamp}.${body}`);
  const signatures = secrets.flatMap(({ secret, until }) =>
    secret === null || (until !== null && until <= now)
      ? []
      : [`v1,${toBase64(hmac(sha256, secret, signed))}`],
  );
  return {
    "content-type": "application/json",
    "user-agent": "pushmesh-webhook/1",
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": signatures.join(" "),
  };
}
