/** A signed send with a preference, as an app's server makes it without any SDK. */
import type { SendAnswerBody } from "../../../schema/http.ts";
import { signRequest } from "../../../sdk/server/sign.ts";
import { signerOf } from "../../../sdk/server/signer.ts";
import type { App } from "../../chaos/mesh.ts";
import { nowSeconds } from "./listener.ts";

/** @throws Error where it is refused */
export async function signedSend(
  meshUrl: string,
  app: App,
  body: object,
  prefer: string,
): Promise<SendAnswerBody> {
  const answer = await askToSend(meshUrl, app, body, prefer);
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  return (await answer.json()) as SendAnswerBody;
}

/** The answer, whatever it is. */
export async function askToSend(
  meshUrl: string,
  { keyId, secret }: App,
  body: object,
  prefer: string,
): Promise<Response> {
  const url = `${meshUrl}/v1/messages`;
  const bytes = new TextEncoder().encode(JSON.stringify(body));
  const headers = new Headers({ "content-type": "application/json", prefer });
  headers.set("idempotency-key", crypto.randomUUID());
  const signer = await signerOf(secret);
  await signRequest("POST", url, headers, bytes, { keyId, signer, created: nowSeconds() });
  return fetch(url, { method: "POST", headers, body: bytes });
}
