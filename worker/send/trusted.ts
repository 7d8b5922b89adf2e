/** Sends to devices with what the edge knows of whom the app trusts. */
import type { SendAnswer } from "../../core/message/send.ts";
import type { TrustFields } from "../../core/trust/app-trust.ts";
import type { Caller } from "../request/signed.ts";

/**
 * Sends once; and once more, with what the app trusts, to a device whose registration was judged by an earlier version. Only the first send to each
 * registration after a change takes two calls.
 */
export async function sendTrusted(
  { verified }: Caller,
  send: (fields: TrustFields) => Promise<SendAnswer>,
): Promise<SendAnswer> {
  const { trust } = verified.verifier;
  const trustVersion = trust.version;
  const answer = await send({ trustVersion });
  if (answer.ok || answer.code !== "trust_outdated") return answer;
  return send({ trustVersion, trust });
}
