/** Which requests carry the address of their client to the edge, which records changes in the audit log and counts guesses of tokens. */
import { routePaths } from "../../../../worker/request/route-path.ts";
import type { RequestHead } from "./head.ts";

/** From the front to workerd. A client that sends it itself is not believed. */
export const CLIENT_HEADER = "pushmesh-client";
/** The same: see `isEncrypted`. */
export const ENCRYPTED_HEADER = "pushmesh-encrypted";

const SENDER_LINK = "/v1/messages/link";

/** Sender links are counted by network. Sends, which have to be cheap, and requests that only read change nothing that is recorded; operators' reads have a token. */
export const mayBeRecorded = ({
  method,
  target,
  fields,
}: Pick<RequestHead, "method" | "target" | "fields">): boolean =>
  fields.has("authorization") ||
  (fields.has("upgrade") && routePaths(target).includes(SENDER_LINK)) ||
  (method !== "GET" &&
    method !== "HEAD" &&
    !routePaths(target).every((path) => path.startsWith("/v1/messages")));
