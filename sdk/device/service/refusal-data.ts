import type { Refusal, Removed } from "../../../schema/generated/link.ts";
import type { PushErrorData } from "../errors.ts";

/** Converts a refusal on the link, or a removal, to error data. */
export function refusalData({ name, message, retryAfterMs }: Refusal | Removed): PushErrorData {
  const retry = retryAfterMs === undefined ? "never" : "later";
  return { code: name, message, retry, retryAfterMs };
}

export const NOT_REGISTERED: PushErrorData = {
  code: "not_registered",
  message: "Call register first.",
  retry: "never",
};
export const TOO_LARGE: PushErrorData = {
  code: "frame_too_large",
  message: "The names are too long.",
  retry: "never",
};
