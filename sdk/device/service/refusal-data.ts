import type { Refusal, Removed } from "../../../schema/generated/link.ts";
import type { PushErrorData } from "../errors.ts";

/** Converts a refusal on the link, or a removal, to error data. */
export function refusalData({ name, message, retryAfterMs }: Refusal | Removed): PushErrorData {
  const retry = retryAfterMs === undefined ? "never" : "later";
  return { code: name, message, retry, retryAfterMs };
}
