/** `/v1/messages`: sends messages, and returns their status. */
import * as z from "zod";
import { isJsonObject, type JsonObject } from "../json.ts";
import { LIMITS } from "../limits.ts";
import { conditionBody, filterBody } from "./condition.ts";
import { MESSAGE_EVENTS, PRIORITY_NAMES, RECALL_DISPLAYS } from "./enums.ts";
import {
  type AnswerOf,
  aliasText,
  boundedText,
  count,
  idempotencyKeyText,
  lazily,
  milliseconds,
  nameText,
  regIdText,
  sendTime,
  tagText,
  tookMs,
} from "./fields.ts";
import { notificationBody } from "./message/notification.ts";
import { SIGNED, WITH_BODY } from "./problem.ts";
import { aliasResult, messageStatus, sendAt, targetResult } from "./results.ts";
import type { Route } from "./route.ts";
import { textSendQuery } from "./text-send.ts";

const firstAckWins = z.boolean().default(false);

const SINGLE_TARGETS = [
  /** A regId; first, because most messages are sent to one. */
  regIdText,
  /** All holders of an alias; with `firstAckWins` the message is withdrawn from the others once one has it. */
  z.strictObject({ alias: aliasText, firstAckWins }),
  /** A broadcast: to a tag, to an expression over tags, or to all devices of the app. */
  z.strictObject({ tag: tagText }),
  z.strictObject({ condition: conditionBody }),
  z.strictObject({ everyone: z.literal(true) }),
] as const;

/** Texts of any kind: one that names nothing is refused by itself, and fails no other. */
const targetList = z.array(z.string()).min(1).max(LIMITS.TARGETS);

/** The targets of a message. */
const target = z.union(
  [
    ...SINGLE_TARGETS,
    z.strictObject({ regIds: targetList }),
    z.strictObject({ aliases: targetList, firstAckWins }),
  ],
  "must be a regId of 1 to 256 characters, or one of {alias}, {tag}, {condition}, {everyone: true}, {regIds} and {aliases}",
);

/** The target of a message in a batch. */
const singleTarget = z.union(
  SINGLE_TARGETS,
  "must be a regId of 1 to 256 characters, or one of {alias}, {tag}, {condition} and {everyone: true}",
);

/** A JSON object, or a string, which arrives unchanged. */
export const messageData = z.custom<string | JsonObject>(
  (data) => (typeof data === "string" ? data.isWellFormed() : isJsonObject(data)),
  `must be a string or an object, nested at most ${LIMITS.DATA_DEPTH} deep, of finite numbers`,
);

const fields = z.strictObject({
  /** A JSON object, or a string, which arrives unchanged. */
  data: messageData.optional(),
  /** Bytes, in standard base64 with padding. */
  dataBase64: z.base64().optional(),
  /** What devices show their users. */
  notification: notificationBody.optional(),
  /** `dataBase64` is encrypted to the key of the registration in `to`: a body of RFC 8291 (aes128gcm). */
  encrypted: z.literal(true).optional(),
  /** How long the message may wait for the device, seconds; 0 means now or never. */
  ttl: z.int().min(0).max(LIMITS.TTL_MAX_SECONDS).default(LIMITS.TTL_DEFAULT_SECONDS),
  /** Only for devices that are connected now: for others it ends as `expired` at once. A broadcast then has ttl 0. */
  onlineOnly: z.boolean().optional(),
  priority: z.enum(PRIORITY_NAMES).default("normal"),
  /** A newer message with the same key replaces an older one that is still queued. */
  collapseKey: boundedText(LIMITS.COLLAPSE_KEY_BYTES).optional(),
  /** The sender's own name for messages that belong together, such as a campaign. Devices do not get it. */
  label: nameText(LIMITS.LABEL_BYTES).optional(),
  /** Keeps what happens to the message, step by step: `events` of its status. */
  trace: z.boolean().optional(),
  /** Not for broadcasts: whether its end, and that it was shown or clicked, is told to the app's webhooks. */
  receipts: z.boolean().optional(),
  /** Not for broadcasts: what happens if the mailbox is full. Default: `drop_oldest`. */
  onOverflow: z.enum(["drop_oldest", "reject"]).optional(),
  /** When to send it, at most 30 days ahead; in the past: now. Not for broadcasts. */
  sendAt: sendTime.optional(),
  /** Not for broadcasts: it is sent outside the accept times that the device has set, too. */
  ignoreQuietHours: z.boolean().optional(),
  /** For broadcasts: only devices that reported these attributes. */
  filter: filterBody.optional(),
  /** For broadcasts: devices per second. */
  pace: z.int().min(1).max(LIMITS.PACE_MAX).optional(),
});

type Fields = z.output<typeof fields>;

/** The rules over more than one field. At most one of `data` and `dataBase64`, and without either a notification. */
const checked = <S extends z.ZodType<Fields>>(schema: S): S =>
  schema
    .refine((body) => body.data === undefined || body.dataBase64 === undefined, {
      message: "give one of data and dataBase64",
      path: ["data"],
    })
    .refine(
      (body) => [body.data, body.dataBase64, body.notification].some((one) => one !== undefined),
      { message: "give data, dataBase64 or a notification", path: ["data"] },
    )
    .refine((body) => body.encrypted === undefined || body.notification === undefined, {
      message: "goes into the encrypted body",
      path: ["notification"],
    })
    .refine((body) => body.encrypted === undefined || body.dataBase64 !== undefined, {
      message: "give the encrypted body in dataBase64",
      path: ["encrypted"],
    });

/** `POST /v1/messages`. */
export const sendBody = checked(
  z.strictObject({
    to: target,
    ...fields.shape,
    /** Sends nothing: the request is checked, and whether its target is there. Takes nothing of the quota. */
    validateOnly: z.boolean().optional(),
  }),
);
const single = z.strictObject({ to: singleTarget, ...fields.shape });
/** The same to one target. */
export const singleBody = checked(single);
/** One message of `POST /v1/messages/batch`. */
export const batchMessage = checked(
  single.extend({
    /** Default: the request's key and the place of the message. */
    idempotencyKey: idempotencyKeyText.optional(),
  }),
);
export type BatchMessage = z.infer<typeof batchMessage>;
export type SingleTarget = BatchMessage["to"];
export type SendBody = z.infer<typeof sendBody>;
/** The body as a caller writes it: fields with defaults are optional. */
export type SendBodyInput = z.input<typeof sendBody>;

/** Answer of `POST /v1/messages`: 200 if the status is final, 202 if it is `queued` or `sent`. */
export const sendAnswer = lazily(() =>
  z.strictObject({
    id: z.string(),
    status: messageStatus(),
    sendAt: sendAt(),
    /** Milliseconds from the request's arrival at the edge to this answer. */
    tookMs: tookMs(),
  }),
);
export type SendAnswerBody = AnswerOf<typeof sendAnswer>;

/** Answer of `POST /v1/messages` to an alias: 200 if every result is final, 202 otherwise. */
export const aliasSendAnswer = lazily(() =>
  z.strictObject({ results: z.array(aliasResult()), tookMs: tookMs() }),
);
export type AliasSendAnswerBody = AnswerOf<typeof aliasSendAnswer>;

/** Answer of `POST /v1/messages` to `regIds` or `aliases`: a result for each target, in order. 200 if every result is final, 202 otherwise. */
export const targetsAnswer = lazily(() =>
  z.strictObject({ results: z.array(targetResult()), tookMs: tookMs() }),
);
export type TargetsAnswerBody = AnswerOf<typeof targetsAnswer>;

/** Answer of `POST /v1/messages` to a tag, a condition or everyone: 202 once the broadcast is durable. */
export const broadcastAnswer = lazily(() =>
  z.strictObject({
    id: z.string(),
    status: z.literal("accepted"),
    sendAt: sendAt(),
    tookMs: tookMs(),
  }),
);
export type BroadcastAnswerBody = AnswerOf<typeof broadcastAnswer>;

/** Answer of `POST /v1/messages` with `validateOnly`: nothing was sent. */
export const validationAnswer = lazily(() =>
  z.strictObject({
    valid: z.literal(true),
    /** Registrations that hold the alias, or are members of the tags: a condition or a filter may leave some out. */
    recipients: count(),
    tookMs: tookMs(),
  }),
);
export type ValidationAnswerBody = AnswerOf<typeof validationAnswer>;

/** Answer of `GET /v1/messages/{id}`. */
export const statusAnswer = lazily(() =>
  z.strictObject({
    id: z.string(),
    status: messageStatus(),
    /** When the mesh accepted it, milliseconds since 1970. */
    acceptedAt: milliseconds(),
    sendAt: sendAt(),
    /** What happened to it, in that order, if it was sent with `trace`. */
    events: z
      .array(
        z.strictObject({
          event: z.enum(MESSAGE_EVENTS),
          at: milliseconds(),
          /** Of `clicked`: the action of the notification, if it was one. */
          action: z.string().optional(),
        }),
      )
      .optional(),
  }),
);
export type StatusAnswerBody = AnswerOf<typeof statusAnswer>;

/** How far a broadcast is, or the recall of one. `sent` is final. Counts: see docs/api.md. */
const progress = lazily(() =>
  z.strictObject({
    status: z.enum(["accepted", "sending", "sent"]),
    finishedAt: milliseconds().nullable(),
    members: count(),
    attached: count(),
    delivered: count(),
    acknowledged: count(),
    filtered: count(),
    deferred: count(),
    offline: count(),
    failed: count(),
    expired: count(),
    collapsed: count(),
    remaining: count(),
    /** Devices, nodes and tags that could not be reached yet. The status is not final until there are none. */
    owed: count(),
    /** Nodes that could not be reached until the broadcast expired. */
    unreached: count(),
    nodes: count(),
    listeners: count(),
    rate: z.number().describe("Devices per second."),
  }),
);

/** Answer of `GET /v1/messages/{id}` for a broadcast. */
export const broadcastStatus = lazily(() =>
  z.strictObject({
    id: z.string(),
    /** Milliseconds since 1970. */
    acceptedAt: milliseconds(),
    /** When its sender recalled it, milliseconds since 1970. Absent if it did not. */
    recalledAt: milliseconds().optional(),
    sendAt: sendAt(),
    ...progress().shape,
  }),
);
export type BroadcastStatusBody = AnswerOf<typeof broadcastStatus>;

/** Answer of `DELETE /v1/messages/{id}`. */
export const recallAnswer = lazily(() =>
  z.strictObject({
    id: z.string(),
    /** `recalled`: the app never gets it. `delivered`: the app had it. `queued` and `sent`: only the device knows. */
    status: messageStatus(),
    /** Of a message that the app may have: whether the app was told to take it off its display. */
    display: z.enum(RECALL_DISPLAYS).optional(),
    /** When the app had it, milliseconds since 1970. Absent if that is not known. */
    deliveredAt: milliseconds().optional(),
    /** Of a broadcast: when its sender recalled it, milliseconds since 1970. */
    recalledAt: milliseconds().optional(),
    /** Of a broadcast: what became of it. From its recall on, devices count as `collapsed` that were not sent it. */
    broadcast: progress().optional(),
    /** Of a broadcast: how far its recall is. `acknowledged` counts the devices that have taken it off their display, or did not have it. */
    recall: progress().optional(),
    tookMs: tookMs(),
  }),
);
export type RecallAnswerBody = AnswerOf<typeof recallAnswer>;

/** For signed requests with a body. */
export const CONTENT_DIGEST = {
  "Content-Digest": { description: "RFC 9530, of the body.", required: true },
} as const;

export const ANSWER_HEADERS = {
  location: { description: "The URL of its status. Absent for a message to an alias." },
  "preference-applied": { description: "The preference that was applied, if any." },
} as const;

/** Of requests that send. */
export const SEND_HEADERS = {
  ...CONTENT_DIGEST,
  "Idempotency-Key": {
    description: `1 to ${LIMITS.IDEMPOTENCY_KEY_CHARS} visible ASCII characters. Requests with the same key are one message. May be absent only if the signature has a nonce.`,
    required: true,
  },
  Prefer: { description: "respond-async, or wait=<seconds> (RFC 7240)." },
} as const;

export const messageRoutes = {
  sendMessage: {
    method: "POST",
    path: "/v1/messages",
    auth: "signature",
    scopes: ["send"],
    summary: "Send a message to registrations or aliases, or broadcast it to tags",
    headers: SEND_HEADERS,
    textQuery: textSendQuery,
    body: { schema: sendBody, maxBytes: LIMITS.MESSAGE_BODY_BYTES },
    answers: lazily(() => ({
      200: {
        description:
          "The status is final: delivered, or how the message ended; or the request is valid, and was only checked.",
        body: z.union([sendAnswer(), aliasSendAnswer(), targetsAnswer(), validationAnswer()]),
        headers: ANSWER_HEADERS,
      },
      202: {
        description:
          "The message is stored and waits for a device, or the broadcast is stored and being sent.",
        body: z.union([sendAnswer(), aliasSendAnswer(), targetsAnswer(), broadcastAnswer()]),
        headers: ANSWER_HEADERS,
      },
    })),
    errors: [
      ...SIGNED,
      ...WITH_BODY,
      "digest_mismatch",
      "nonce_required",
      "idempotency_key_invalid",
      "idempotency_key_reused",
      "reg_id_invalid",
      "reg_id_foreign",
      "unregistered",
      "mailbox_full",
      "trust_outdated",
      "alias_unknown",
      "tag_unknown",
      "broadcast_rate",
      "quota_exceeded",
    ],
  },
  openSenderLink: {
    method: "GET",
    path: "/v1/messages/link",
    auth: "signature",
    scopes: ["send"],
    upgrade: true,
    summary: "Open a sender link, a WebSocket (docs/protocol.md, section 10)",
    headers: {
      "Sec-WebSocket-Protocol": { description: "pushmesh.send.v1", required: true },
    },
    answers: lazily(() => ({ 101: { description: "The link." } })),
    errors: [
      ...SIGNED,
      "upgrade_required",
      "subprotocol_unsupported",
      "nonce_required",
      "request_replayed",
      "rate_limited",
    ],
  },
  getMessage: {
    method: "GET",
    path: "/v1/messages/:id",
    auth: "signature",
    scopes: ["send", "read"],
    summary: "Get the status of a message",
    answers: lazily(() => ({
      200: {
        description: "Its status, or the progress of the broadcast.",
        body: z.union([statusAnswer(), broadcastStatus()]),
      },
    })),
    errors: [...SIGNED, "message_id_invalid", "reg_id_foreign", "message_not_found"],
  },
  recallMessage: {
    method: "DELETE",
    path: "/v1/messages/:id",
    auth: "signature",
    scopes: ["send"],
    summary: "Recall a message",
    headers: { Prefer: { description: "respond-async, or wait=<seconds> (RFC 7240)." } },
    answers: lazily(() => ({
      200: {
        description: "How the message has ended, and what the device did if it had it.",
        body: recallAnswer(),
        headers: {
          "preference-applied": { description: "The preference that was applied, if any." },
        },
      },
      202: {
        description: "The device has not answered. It is told again on its next link.",
        body: recallAnswer(),
        headers: {
          "preference-applied": { description: "The preference that was applied, if any." },
        },
      },
    })),
    errors: [...SIGNED, "message_id_invalid", "reg_id_foreign", "message_not_found"],
  },
} as const satisfies Record<string, Route>;
