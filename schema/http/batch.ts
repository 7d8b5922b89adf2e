/** `/v1/messages/batch`: many different messages in one request. */
import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { type AnswerOf, lazily, tookMs } from "./fields.ts";
import { ANSWER_HEADERS, batchMessage, SEND_HEADERS } from "./messages.ts";
import { SIGNED, WITH_BODY } from "./problem.ts";
import { batchResult } from "./results.ts";
import type { Route } from "./route.ts";

/** `POST /v1/messages/batch`. */
export const batchBody = z.strictObject({
  messages: z.array(batchMessage).min(1).max(LIMITS.BATCH_MESSAGES),
});

/** Answer of `POST /v1/messages/batch`: a result for each message, in order. 200 if every result is final, 202 otherwise. */
export const batchAnswer = lazily(() =>
  z.strictObject({ results: z.array(batchResult()), tookMs: tookMs() }),
);
export type BatchAnswerBody = AnswerOf<typeof batchAnswer>;

const headers = { "preference-applied": ANSWER_HEADERS["preference-applied"] };

export const batchRoutes = {
  sendBatch: {
    method: "POST",
    path: "/v1/messages/batch",
    auth: "signature",
    scopes: ["send"],
    summary: "Send many messages, each with its own target and content",
    headers: SEND_HEADERS,
    body: { schema: batchBody, maxBytes: LIMITS.BATCH_BODY_BYTES },
    answers: lazily(() => ({
      200: { description: "Every result is final.", body: batchAnswer(), headers },
      202: {
        description: "A message is stored and waits for a device, or a broadcast is being sent.",
        body: batchAnswer(),
        headers,
      },
    })),
    errors: [
      ...SIGNED,
      ...WITH_BODY,
      "digest_mismatch",
      "nonce_required",
      "idempotency_key_invalid",
    ],
  },
} as const satisfies Record<string, Route>;
