/** Reads requests of webhooks: checks that the mesh made them (Standard Webhooks), and returns their events. */
import type { WebhookEventBody, WebhookPayloadBody } from "../../../schema/http.ts";
import { fromBase64 } from "../../../schema/text.ts";
import { optionError, PushServerError } from "../errors.ts";

/** A request as a framework has it: of `fetch`, or with Node's headers and the body as it came. */
export type WebhookRequest =
  | Pick<Request, "headers" | "text">
  | {
      readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
      /** Exactly as it came: text, or bytes. */
      readonly body: string | Uint8Array;
    };

export interface VerifyWebhookOptions {
  /** How old a request may be, in seconds, and how far ahead of this clock. Default 300. */
  readonly toleranceSeconds?: number;
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number;
}

/** A request that the mesh made. */
export interface VerifiedWebhook {
  /** `webhook-id`: the same if the mesh sends these events again, because your answer was lost. */
  readonly id: string;
  /** Each has an `id` of its own, which is also the same in every attempt. */
  readonly events: readonly WebhookEventBody[];
}

/** As the reference libraries of Standard Webhooks: five minutes. */
const TOLERANCE_SECONDS = 300;
const SECRET = /^(whsec_)?([A-Za-z0-9+/]+={0,2})$/;

const utf8 = new TextEncoder();

/**
 * Checks a request of a webhook, and returns its events. Answer with any status of 200 to 299 once you have stored them; the mesh sends them again
 * otherwise, with the same `id`.
 *
 * @param secret - As `webhooks.create` or `webhooks.rotate` returned it; several while you change to another one.
 * @throws PushServerError `webhook_invalid` if it is not from the mesh, was changed, or is too old; `option_invalid`
 * @example
 * app.post("/push-events", async (request) => {
 *   const { events } = await verifyWebhook(request, process.env.WEBHOOK_SECRET);
 *   for (const event of events) if (event.type === "unregistered") await forget(event.regId);
 *   return new Response(null, { status: 204 });
 * });
 */
export async function verifyWebhook(
  request: WebhookRequest,
  secret: string | readonly string[],
  { toleranceSeconds = TOLERANCE_SECONDS, now = Date.now }: VerifyWebhookOptions = {},
): Promise<VerifiedWebhook> {
  const secrets = (Array.isArray(secret) ? secret : [secret]).map(bytesOf);
  const body = "text" in request ? await request.text() : textOf(request.body);
  const header = (name: string) => headerOf(request.headers, name);
  const [id, timestamp] = [header("webhook-id"), header("webhook-timestamp")];
  if (!/^\d{1,12}$/.test(timestamp)) throw invalid("it has no webhook-timestamp");
  const age = Math.abs(now() / 1_000 - Number(timestamp));
  if (!(age <= toleranceSeconds))
    throw invalid("its webhook-timestamp is too old or in the future");
  const signatures = header("webhook-signature")
    .split(" ")
    .flatMap((part) =>
      part.startsWith("v1,") ? [Uint8Array.from(fromBase64(part.slice(3)) ?? [])] : [],
    );
  const signed = utf8.encode(`${id}.${timestamp}.${body}`);
  for (const key of await Promise.all(secrets.map(importKey))) {
    for (const signature of signatures)
      if (await crypto.subtle.verify("HMAC", key, signature, signed))
        return { id, events: (JSON.parse(body) as WebhookPayloadBody).data };
  }
  throw invalid("its signature does not verify: check the secret, and that the body is as it came");
}

function bytesOf(secret: unknown): Uint8Array<ArrayBuffer> {
  const [, , text] = (typeof secret === "string" && SECRET.exec(secret)) || [];
  const bytes = text === undefined ? undefined : fromBase64(text);
  if (bytes === undefined) throw optionError("secret: must be whsec_ and base64");
  return Uint8Array.from(bytes);
}

const importKey = (secret: Uint8Array<ArrayBuffer>): Promise<CryptoKey> =>
  crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);

const textOf = (body: string | Uint8Array): string =>
  typeof body === "string" ? body : new TextDecoder().decode(body);

function headerOf(headers: WebhookRequest["headers"], name: string): string {
  if (typeof headers.get === "function") return (headers as Headers).get(name) ?? "";
  const value = (headers as Readonly<Record<string, string | readonly string[] | undefined>>)[name];
  return (typeof value === "string" ? value : value?.[0]) ?? "";
}

const invalid = (why: string): PushServerError =>
  new PushServerError({
    code: "webhook_invalid",
    message: `This is no request of the mesh: ${why}.`,
    retry: "never",
  });
