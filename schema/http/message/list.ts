/** `GET /v1/messages`: the messages that were sent with a label. */
import * as z from "zod";
import { LIMITS } from "../../limits.ts";
import { type AnswerOf, lazily, milliseconds, nameText } from "../fields.ts";
import { SIGNED } from "../problem.ts";
import type { Route } from "../route.ts";

const time = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** Query of `GET /v1/messages`. */
export const messagesQuery = z.strictObject({
  label: nameText(LIMITS.LABEL_BYTES),
  /** Accepted at this time or later, milliseconds since 1970. */
  after: time.exactOptional(),
  /** Accepted before this time. */
  before: time.exactOptional(),
  limit: z.coerce.number().int().min(1).max(LIMITS.LABELLED_PAGE).default(LIMITS.LABELLED_PAGE),
  /** `next` of the page before. */
  cursor: z
    .string()
    .max(256)
    .regex(/^\d{1,16}~[\w.-]+$/, "is not one of this list")
    .exactOptional(),
});
export type MessagesQuery = z.input<typeof messagesQuery>;

/** Answer of `GET /v1/messages`. */
export const messagesAnswer = lazily(() =>
  z.strictObject({
    /** Newest first. */
    messages: z.array(
      z.strictObject({
        id: z.string(),
        /** The registration; of a message to an alias, each that it was sent to. */
        to: z.string(),
        label: z.string(),
        acceptedAt: milliseconds(),
      }),
    ),
    /** The cursor of the next page; null on the last one. */
    next: z.string().nullable(),
  }),
);
export type MessagesAnswerBody = AnswerOf<typeof messagesAnswer>;

export const messageListRoutes = {
  listMessages: {
    method: "GET",
    path: "/v1/messages",
    auth: "signature",
    scopes: ["send", "read"],
    summary: "List the messages with a label",
    query: messagesQuery,
    answers: lazily(() => ({ 200: { description: "A page.", body: messagesAnswer() } })),
    errors: [...SIGNED, "field_invalid"],
  },
} as const satisfies Record<string, Route>;
