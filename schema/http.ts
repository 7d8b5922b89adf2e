/** The JSON bodies of the HTTPS API, validated by zod. `docs/api.md` describes each for a reader. */
import * as z from "zod";
import { isJsonObject, type JsonObject } from "./json.ts";
import { LIMITS } from "./limits.ts";

const utf8 = new TextEncoder();
const utf8Bytes = (text: string): number => utf8.encode(text).length;

/** Text of 1 to `max` UTF-8 bytes. */
const boundedText = (max: number) =>
  z
    .string()
    .min(1)
    .refine((text) => utf8Bytes(text) <= max, `must be at most ${max} bytes of UTF-8`);

/** Names of the priorities on HTTPS; `PRIORITY_LANE` gives their numbers on the link. */
export const PRIORITY_NAMES = ["high", "normal", "low"] as const;

/** `POST /v1/messages`. Exactly one of `data` and `dataBase64`. */
export const sendBody = z
  .strictObject({
    /** The regId to send to. */
    to: z.string().min(1).max(256),
    /** A JSON object, or a string that arrives as it is. */
    data: z
      .custom<string | JsonObject>(
        (data) => (typeof data === "string" ? data.isWellFormed() : isJsonObject(data)),
        `must be a string or an object, nested at most ${LIMITS.DATA_DEPTH} deep, of finite numbers`,
      )
      .optional(),
    /** Bytes, in standard base64 with padding. */
    dataBase64: z.base64().optional(),
    /** Seconds the message may wait for the device; 0 is now or never. */
    ttl: z.int().min(0).max(LIMITS.TTL_MAX_SECONDS).default(LIMITS.TTL_DEFAULT_SECONDS),
    priority: z.enum(PRIORITY_NAMES).default("normal"),
    /** A newer message of the same key replaces an older one that is still waiting. */
    collapseKey: boundedText(LIMITS.COLLAPSE_KEY_BYTES).optional(),
    /** What happens when the mailbox is full. */
    onOverflow: z.enum(["drop_oldest", "reject"]).default("drop_oldest"),
  })
  .refine((body) => (body.data === undefined) !== (body.dataBase64 === undefined), {
    message: "give exactly one of data and dataBase64",
    path: ["data"],
  });
export type SendBody = z.infer<typeof sendBody>;
/** What a caller may write: fields with defaults are optional. */
export type SendBodyInput = z.input<typeof sendBody>;

/** `POST /v1/devices`. */
export const deviceBody = z.strictObject({
  proof: z.string().min(1).max(LIMITS.TOKEN_CHARS),
  handover: z.string().min(1).max(LIMITS.TOKEN_CHARS).optional(),
});

/** `POST /v1/apps`. */
export const appBody = z.strictObject({ name: boundedText(LIMITS.APP_NAME_BYTES) });

/** `POST /v1/apps/{appId}/keys`. The mesh makes the secret of an HMAC key; of an Ed25519 key it only sees the public half. */
export const keyBody = z.discriminatedUnion("algorithm", [
  z.strictObject({ algorithm: z.literal("hmac-sha256") }),
  z.strictObject({
    algorithm: z.literal("ed25519"),
    /** Raw public key, 32 bytes in base64url. */
    publicKey: z.string().regex(/^[A-Za-z0-9_-]{43}$/, "must be 32 bytes in base64url"),
  }),
]);

/** Final states of a message, and `queued`, which is the only one that is not. */
export const MESSAGE_STATUSES = [
  "delivered",
  "queued",
  "expired",
  "recalled",
  "collapsed",
  "overflowed",
  "unregistered",
  "filtered",
] as const;
export type MessageStatus = (typeof MESSAGE_STATUSES)[number];

/** Answer of `POST /v1/messages`: 200 where the status is final, 202 where it is `queued`. */
export interface SendAnswerBody {
  readonly id: string;
  readonly status: MessageStatus;
  /** Milliseconds from the request's arrival at the edge to this answer. */
  readonly tookMs: number;
}

/** Answer of `GET /v1/messages/{id}`. */
export interface StatusAnswerBody {
  readonly id: string;
  readonly status: MessageStatus;
  /** When the mesh accepted it, milliseconds since 1970. */
  readonly acceptedAt: number;
}

/** Every refusal over HTTPS, as `application/problem+json` (RFC 9457). */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  /** Name in the error table. */
  readonly code: string;
  readonly detail: string;
  readonly retry: "never" | "later" | "reauthenticate";
  /** What to do about it. */
  readonly advice: string;
  /** The field at fault, where there is one. */
  readonly field?: string;
}

export interface DeviceAnswerBody {
  readonly deviceId: string;
  readonly generation: number;
  readonly credential: string;
  readonly now: number;
}

export interface AppAnswerBody {
  readonly appId: string;
  readonly name: string;
  readonly createdAt: number;
}

export interface KeyAnswerBody {
  readonly keyId: string;
  readonly algorithm: "hmac-sha256" | "ed25519";
  readonly createdAt: number;
  /** base64url, 32 bytes; only in the answer that creates an HMAC key. */
  readonly secret?: string;
}
