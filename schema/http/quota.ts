/** The quota of an app's sends. */
import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { type AnswerOf, lazily } from "./fields.ts";

/** `PUT /v1/apps/{appId}/quota`. */
export const quotaBody = z.strictObject({
  /** On average; may be a fraction. */
  perSecond: z.number().min(LIMITS.QUOTA_PER_SECOND_MIN).max(LIMITS.QUOTA_PER_SECOND_MAX),
  /** At once, after a pause. */
  burst: z.int().min(1).max(LIMITS.QUOTA_BURST_MAX),
  /**
   * How long a message over the quota may wait in its mailbox for its turn, by priority. Without it, such a message is refused. A broadcast is
   * refused in either case.
   */
  queueSeconds: z.int().min(1).max(LIMITS.QUOTA_QUEUE_SECONDS_MAX).optional(),
});

export const quotaAnswer = lazily(() =>
  z.strictObject({
    perSecond: z.number().positive(),
    burst: z.int().min(1),
    queueSeconds: z.int().min(1).optional(),
  }),
);
export type QuotaAnswerBody = AnswerOf<typeof quotaAnswer>;

/** Headers of every answer to a signed request of an app with a quota (draft-ietf-httpapi-ratelimit-headers-10). */
export const RATE_LIMIT = {
  "ratelimit-policy": {
    description: "The quota of the app's sends, if it has one: q in a window of w seconds.",
  },
  ratelimit: {
    description:
      "If the app has a quota: r, the sends that are left, as far as this edge knows, and t, the seconds until there is one more.",
  },
} as const;
