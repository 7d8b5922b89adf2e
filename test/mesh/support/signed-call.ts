/** One signed request of an app server, to whichever route a test asks. */
import { randomBytes } from "node:crypto";
import { signRequest } from "../../../sdk/server/sign.ts";
import { signerOf } from "../../../sdk/server/signer.ts";

export interface AppServer {
  readonly url: string;
  readonly keyId: string;
  readonly secret: string;
}

/**
 * @returns the answer's JSON; undefined where it has none
 * @throws Error with the text of a refusal
 */
export async function signedCall<Answer>(
  { url, keyId, secret }: AppServer,
  method: "DELETE" | "GET" | "PATCH" | "POST" | "PUT",
  path: string,
  body?: object,
): Promise<Answer> {
  const bytes = body === undefined ? null : new TextEncoder().encode(JSON.stringify(body));
  const headers = new Headers();
  if (bytes !== null) {
    headers.set("content-type", "application/json");
    headers.set("idempotency-key", randomBytes(12).toString("base64url"));
  }
  const signer = await signerOf(secret);
  const created = Math.floor(Date.now() / 1_000);
  await signRequest(method, url + path, headers, bytes, { keyId, signer, created });
  const answer = await fetch(url + path, { method, headers, body: bytes });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return (text === "" ? undefined : JSON.parse(text)) as Answer;
}
