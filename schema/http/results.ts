/** What became of a message, in the answers of sends: of one, of many targets, and of a batch. */
import * as z from "zod";
import { MESSAGE_STATUSES } from "./enums.ts";
import { type AnswerOf, lazily } from "./fields.ts";

export const messageStatus = lazily(() => z.enum(MESSAGE_STATUSES));

/** When a message that is held will be sent. */
export const sendAt = lazily(() =>
  z
    .int()
    .describe("Of a scheduled message: when it will be sent, milliseconds since 1970.")
    .optional(),
);

/** The result for one holder of the alias: the status of its message, or a refusal. */
export const aliasResult = lazily(() =>
  z.union([
    z.strictObject({
      regId: z.string(),
      id: z.string(),
      status: messageStatus(),
      sendAt: sendAt(),
    }),
    z.strictObject({ regId: z.string(), error: z.string(), detail: z.string() }),
  ]),
);
export type AliasResult = AnswerOf<typeof aliasResult>;

/** A refusal among other results: the fields of a problem that it needs. */
const refusal = lazily(() =>
  z.strictObject({
    /** Name in the error table. */
    error: z.string(),
    detail: z.string(),
    retry: z.enum(["never", "later", "reauthenticate"]),
    /** The field at fault, if there is one. */
    field: z.string().exactOptional(),
    retryAfterMs: z.int().exactOptional().describe("When to retry, milliseconds from the answer."),
  }),
);
export type RefusedResult = AnswerOf<typeof refusal>;

const target = lazily(() => ({ to: z.string().describe("As in the request.") }));

/** The result for one of many targets: by kind, of a registration, of an alias, and of one that was refused. */
export const targetResult = lazily(() =>
  z.union([
    z.strictObject({ ...target(), id: z.string(), status: messageStatus(), sendAt: sendAt() }),
    z.strictObject({ ...target(), results: z.array(aliasResult()) }),
    refusal().extend(target()),
  ]),
);
export type TargetResult = AnswerOf<typeof targetResult>;

/** The result for one message of a batch: to a registration, to an alias, of a broadcast, and of one that was refused. */
export const batchResult = lazily(() =>
  z.union([
    z.strictObject({ id: z.string(), status: messageStatus(), sendAt: sendAt() }),
    z.strictObject({ results: z.array(aliasResult()) }),
    z.strictObject({ id: z.string(), status: z.literal("accepted"), sendAt: sendAt() }),
    refusal(),
  ]),
);
export type BatchResult = AnswerOf<typeof batchResult>;
