/** `/v1/webhooks`: where the mesh tells an app's server what happened, by the scheme of Standard Webhooks. */
import * as z from "zod";
import { LIMITS } from "../../limits.ts";
import { MESSAGE_ENDS, MESSAGE_REPORTS, WEBHOOK_EVENTS } from "../enums.ts";
import { type AnswerOf, boundedText, count, lazily, milliseconds } from "../fields.ts";
import { CONTENT_DIGEST } from "../messages.ts";
import { SIGNED, SIGNED_CHANGE } from "../problem.ts";
import type { Route } from "../route.ts";

const eventFilter = z
  .array(z.enum(WEBHOOK_EVENTS))
  .min(1)
  .refine((events) => new Set(events).size === events.length, "names an event twice");

/** https, with a name or address of the public internet: docs/webhooks.md has the rules. */
const webhookUrl = z.string().min(1).max(LIMITS.WEBHOOK_URL_CHARS);
const webhookDescription = z.union([z.literal(""), boundedText(LIMITS.WEBHOOK_DESCRIPTION_BYTES)]);

/** `POST /v1/webhooks`. */
export const webhookBody = z.strictObject({
  url: webhookUrl,
  /** What it gets; null, the default, for everything, also what later versions add. */
  events: eventFilter.nullable().default(null),
  description: webhookDescription.default(""),
  /** Whether it gets nothing. What waits for it stays. */
  disabled: z.boolean().default(false),
});
export type WebhookSettings = z.input<typeof webhookBody>;

/** `PATCH /v1/webhooks/{webhookId}`: what is left out stays as it is. */
export const webhookChange = z.strictObject({
  url: webhookUrl.exactOptional(),
  events: eventFilter.nullable().exactOptional(),
  description: webhookDescription.exactOptional(),
  /** `false` enables it again. */
  disabled: z.boolean().exactOptional(),
});
export type WebhookChange = z.input<typeof webhookChange>;

/** `POST /v1/webhooks/{webhookId}/rotate`. */
export const webhookRotation = z.strictObject({
  /** How long the old secret signs beside the new one; 0 ends it at once. */
  overlapSeconds: z
    .int()
    .min(0)
    .max(LIMITS.WEBHOOK_OVERLAP_MAX_SECONDS)
    .default(LIMITS.WEBHOOK_OVERLAP_SECONDS),
});

/** `POST /v1/webhooks/{webhookId}/test`. */
export const webhookTest = z.strictObject({});

/** `POST /v1/webhooks/{webhookId}/replay`. */
export const webhookReplay = z.strictObject({
  /** Dead letters by their id. Default: the oldest ones. */
  ids: z.array(z.string().min(1).max(64)).min(1).max(LIMITS.WEBHOOK_DEAD_PAGE).exactOptional(),
});

/** Query of `GET /v1/webhooks/{webhookId}/dead-letters`. */
export const deadLettersQuery = z.strictObject({
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(LIMITS.WEBHOOK_DEAD_PAGE)
    .default(LIMITS.WEBHOOK_DEAD_PAGE),
  cursor: z
    .string()
    .regex(/^\d{1,3}\.\d{1,16}$/, "is not one of this list")
    .optional(),
});
export type DeadLettersQuery = z.input<typeof deadLettersQuery>;

export const webhookAnswer = lazily(() =>
  z.strictObject({
    id: z.string(),
    url: z.string(),
    /** Null for everything. */
    events: z.array(z.enum(WEBHOOK_EVENTS)).nullable(),
    description: z.string(),
    createdAt: milliseconds(),
    /** Null while it gets events. */
    disabled: z
      .strictObject({
        at: milliseconds(),
        /** `asked`: by the app's server. `failing`: no attempt has succeeded for three days. `gone`: it answered 410. */
        reason: z.enum(["asked", "failing", "gone"]),
      })
      .nullable(),
  }),
);
export type WebhookBody = AnswerOf<typeof webhookAnswer>;

/** The answer that has a new secret, which no other one has. */
export const webhookWithSecret = lazily(() =>
  webhookAnswer().extend({
    /** `whsec_` and base64 of 32 bytes. */
    secret: z.string(),
  }),
);
export type WebhookWithSecretBody = AnswerOf<typeof webhookWithSecret>;

export const webhooksAnswer = lazily(() => z.strictObject({ webhooks: z.array(webhookAnswer()) }));
export type WebhooksAnswerBody = AnswerOf<typeof webhooksAnswer>;

/** Answer of `GET /v1/webhooks/{webhookId}`: also how it goes. */
export const webhookStateAnswer = lazily(() =>
  webhookAnswer().extend({
    /** Events that wait to be delivered, dead letters, and events that were dropped to make room for later ones. */
    waiting: count(),
    dead: count(),
    dropped: count(),
    /** Since when no attempt has succeeded; null if the last one did. */
    failingSince: milliseconds().nullable(),
    lastFailure: z.strictObject({ at: milliseconds(), error: z.string() }).nullable(),
  }),
);
export type WebhookStateBody = AnswerOf<typeof webhookStateAnswer>;

/** Answer of `POST /v1/webhooks/{webhookId}/test`. */
export const webhookTestAnswer = lazily(() =>
  z.strictObject({
    /** The `webhook-id` that it was sent with. */
    id: z.string(),
    delivered: z.boolean(),
    /** Of the receiver's answer; null if there was none. */
    status: z.int().nullable(),
    /** Why it was not delivered. */
    error: z.string().nullable(),
    /** The beginning of the receiver's answer. */
    body: z.string(),
    tookMs: z.int().min(0),
  }),
);
export type WebhookTestBody = AnswerOf<typeof webhookTestAnswer>;

/** What all events have. */
const happened = {
  /** The same in every attempt and for every webhook. */
  id: z.string(),
  at: z.int().describe("When it happened, milliseconds since 1970."),
};

/** An event in the body of a webhook. Later versions may add types, and fields. */
export const webhookEvent = lazily(() =>
  z.discriminatedUnion("type", [
    z.object({
      ...happened,
      /** How a message went at a registration. */
      type: z.enum([...MESSAGE_ENDS, ...MESSAGE_REPORTS]),
      regId: z.string(),
      messageId: z.string(),
      /** As it was sent with. */
      label: z.string().exactOptional(),
      /** Of `clicked`: the action that was chosen, if it was not the notification itself. */
      action: z.string().exactOptional(),
    }),
    z.object({
      ...happened,
      /** The user has taken the permission to show notifications away. */
      type: z.literal("push_disabled"),
      regId: z.string(),
    }),
    z.object({
      ...happened,
      /** What a device sent to its app's server. */
      type: z.literal("upstream"),
      regId: z.string(),
      /** Chosen by the device: the same for what is the same message. */
      key: z.string(),
      /** A JSON value or text. */
      data: z.unknown().optional(),
      /** Bytes, in standard base64 with padding. */
      dataBase64: z.string().exactOptional(),
    }),
    z.object({
      ...happened,
      /** Of `POST /v1/webhooks/{webhookId}/test`. */
      type: z.literal("test"),
    }),
  ]),
);
export type WebhookEventBody = AnswerOf<typeof webhookEvent>;

/** The body of a webhook's request. */
export const webhookPayload = lazily(() =>
  z.object({
    type: z.literal("events"),
    /** When the oldest of the events was accepted. */
    timestamp: z.iso.datetime(),
    data: z.array(webhookEvent()),
  }),
);
export type WebhookPayloadBody = AnswerOf<typeof webhookPayload>;

export const deadLettersAnswer = lazily(() =>
  z.strictObject({
    deadLetters: z.array(
      z.strictObject({
        /** `webhook-id` of the request that was given up. */
        id: z.string(),
        attempts: z.int().min(0),
        /** Of the last attempt. */
        error: z.string(),
        /** When it was given up. */
        at: milliseconds(),
        events: z.array(webhookEvent()),
      }),
    ),
    /** The cursor of the next page; null on the last one. */
    next: z.string().nullable(),
  }),
);
export type DeadLettersBody = AnswerOf<typeof deadLettersAnswer>;

export const replayAnswer = lazily(() =>
  z.strictObject({
    /** How many requests are tried again. */
    replayed: count(),
    /** Whether there are more: call again. */
    more: z.boolean(),
  }),
);
export type ReplayAnswerBody = AnswerOf<typeof replayAnswer>;

const NO_STORE = { "cache-control": { description: "no-store", required: true } } as const;
const path = "/v1/webhooks/:webhookId";
const body = { schema: webhookBody, maxBytes: LIMITS.BODY_BYTES };
const change = { auth: "signature", scopes: ["manage"], headers: CONTENT_DIGEST } as const;
const look = { method: "GET", auth: "signature", scopes: ["read", "manage"] } as const;

export const webhookRoutes = {
  createWebhook: {
    method: "POST",
    path: "/v1/webhooks",
    ...change,
    summary: "Create a webhook",
    body,
    answers: lazily(() => ({
      201: {
        description: "Created: the only answer with its secret.",
        body: webhookWithSecret(),
        headers: { ...NO_STORE, location: { description: "Its URL.", required: true } },
      },
    })),
    errors: [...SIGNED_CHANGE, "webhook_url_refused", "webhooks_off", "too_many_webhooks"],
  },
  listWebhooks: {
    path: "/v1/webhooks",
    ...look,
    summary: "List the webhooks of the app",
    answers: lazily(() => ({ 200: { description: "All of them.", body: webhooksAnswer() } })),
    errors: SIGNED,
  },
  getWebhook: {
    path,
    ...look,
    summary: "Get a webhook, and how it goes",
    answers: lazily(() => ({ 200: { description: "The webhook.", body: webhookStateAnswer() } })),
    errors: [...SIGNED, "webhook_not_found"],
  },
  changeWebhook: {
    method: "PATCH",
    path,
    ...change,
    summary: "Change a webhook, or enable it again",
    body: { schema: webhookChange, maxBytes: LIMITS.BODY_BYTES },
    answers: lazily(() => ({ 200: { description: "Changed.", body: webhookAnswer() } })),
    errors: [...SIGNED_CHANGE, "webhook_url_refused", "webhooks_off", "webhook_not_found"],
  },
  deleteWebhook: {
    method: "DELETE",
    path,
    auth: "signature",
    scopes: ["manage"],
    summary: "Delete a webhook, with what waits for it",
    answers: lazily(() => ({ 204: { description: "Deleted." } })),
    errors: [...SIGNED, "request_replayed", "rate_limited", "webhook_not_found"],
  },
  rotateWebhook: {
    method: "POST",
    path: `${path}/rotate`,
    ...change,
    summary: "Give a webhook a new secret",
    body: { schema: webhookRotation, maxBytes: LIMITS.BODY_BYTES },
    answers: lazily(() => ({
      200: {
        description: "The only answer with the new secret.",
        body: webhookWithSecret(),
        headers: NO_STORE,
      },
    })),
    errors: [...SIGNED_CHANGE, "webhook_not_found"],
  },
  testWebhook: {
    method: "POST",
    path: `${path}/test`,
    ...change,
    summary: "Send a test event now",
    body: { schema: webhookTest, maxBytes: LIMITS.BODY_BYTES },
    answers: lazily(() => ({
      200: { description: "What the receiver answered.", body: webhookTestAnswer() },
    })),
    errors: [...SIGNED_CHANGE, "webhook_not_found"],
  },
  listDeadLetters: {
    path: `${path}/dead-letters`,
    ...look,
    summary: "List what was not delivered in a day",
    query: deadLettersQuery,
    answers: lazily(() => ({ 200: { description: "A page.", body: deadLettersAnswer() } })),
    errors: [...SIGNED, "field_invalid", "webhook_not_found"],
  },
  replayDeadLetters: {
    method: "POST",
    path: `${path}/replay`,
    ...change,
    summary: "Try dead letters again",
    body: { schema: webhookReplay, maxBytes: LIMITS.BODY_BYTES },
    answers: lazily(() => ({ 200: { description: "They wait again.", body: replayAnswer() } })),
    errors: [...SIGNED_CHANGE, "webhook_not_found"],
  },
} as const satisfies Record<string, Route>;
