/** The send token of a request. */
import { parseSendToken } from "../../core/identity/send-token.ts";
import { bearerToken } from "./bearer.ts";

/** A signature is worth more: whoever signs may have a header of a proxy beside it. */
export function sendTokenOf({ headers }: Request): string | undefined {
  if (headers.has("signature-input")) return undefined;
  return bearerToken(headers.get("authorization") ?? undefined);
}

/** The key that a send token names; undefined for any other text. Not verified. */
export function keyIdOfToken(authorization: string | undefined): string | undefined {
  const token = bearerToken(authorization);
  return token === undefined ? undefined : parseSendToken(token)?.keyId;
}
