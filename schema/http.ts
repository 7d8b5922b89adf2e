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

/** Text without lone surrogates, of 1 to `max` bytes: what a tag or alias is called is compared byte by byte. */
const nameText = (max: number) =>
  boundedText(max).refine((text) => text.isWellFormed(), "must be well-formed Unicode");

/** A tag as a caller names it. */
export const tagText = nameText(LIMITS.TAG_BYTES);
/** An alias as a caller names it. */
export const aliasText = nameText(LIMITS.ALIAS_BYTES);

/** A boolean expression over tags as a caller writes it: `{any: [{tag: "a"}, {all: [{tag: "b"}, {not: {tag: "c"}}]}]}`. */
export type ConditionBody =
  | { tag: string }
  | { any: ConditionBody[] }
  | { all: ConditionBody[] }
  | { not: ConditionBody };

const isNested = (value: unknown): boolean =>
  typeof value === "object" && value !== null && ["any", "all", "not"].some((key) => key in value);

/** Nested by hand: zod's recursion has no depth bound. */
function conditionOf(depth: number): z.ZodType<ConditionBody, ConditionBody> {
  const tag = z.strictObject({ tag: tagText });
  if (depth === 0) {
    const message = `conditions nest at most ${LIMITS.CONDITION_DEPTH} deep`;
    return z.custom<{ tag: string }>((value) => !isNested(value), message).pipe(tag);
  }
  const inner = conditionOf(depth - 1);
  const list = z.array(inner).min(1).max(LIMITS.CONDITION_TAGS);
  return z.union(
    [
      tag,
      z.strictObject({ any: list }),
      z.strictObject({ all: list }),
      z.strictObject({ not: inner }),
    ],
    "must be one of {tag}, {any: […]}, {all: […]} and {not: …}",
  );
}

/** How many tags a condition names, repeated ones counted. */
export function conditionTags(condition: ConditionBody): number {
  if ("tag" in condition) return 1;
  const inner =
    "any" in condition ? condition.any : "all" in condition ? condition.all : [condition.not];
  return inner.reduce((sum, each) => sum + conditionTags(each), 0);
}

export const conditionBody = conditionOf(LIMITS.CONDITION_DEPTH).refine(
  (condition) => conditionTags(condition) <= LIMITS.CONDITION_TAGS,
  `must name at most ${LIMITS.CONDITION_TAGS} tags`,
);

const filterValues = z
  .array(boundedText(LIMITS.ATTRIBUTE_VALUE_BYTES))
  .min(1)
  .max(LIMITS.FILTER_VALUES);
const version = z
  .string()
  .regex(/^\d{1,9}(\.\d{1,9}){0,3}$/, "must be 1 to 4 numbers with dots between");

/** A record loses a member of this name: a filter on it would ask for less than its sender did, and reach more. */
function requireNoPrototype(value: unknown, context: z.RefinementCtx): unknown {
  if (Object.hasOwn(Object(value), "__proto__")) context.addIssue("must not name __proto__");
  return value;
}

/** Attributes that a device must have reported. */
export const filterBody = z.strictObject({
  platform: filterValues.optional(),
  appVersion: z.strictObject({ min: version.optional(), max: version.optional() }).optional(),
  locale: filterValues.optional(),
  attributes: z
    .preprocess(
      requireNoPrototype,
      z
        .record(boundedText(LIMITS.ATTRIBUTE_NAME_BYTES), filterValues)
        .refine(
          (record) => Object.keys(record).length <= LIMITS.ATTRIBUTES,
          `must have at most ${LIMITS.ATTRIBUTES} members`,
        ),
    )
    .optional(),
});

/** Whom a message is for. */
const target = z.union(
  [
    /** A regId: first, for most messages are to one. */
    z.string().min(1).max(256),
    /** Every registration that holds the alias; with `firstAckWins` it is withdrawn from the others once one has it. */
    z.strictObject({ alias: aliasText, firstAckWins: z.boolean().default(false) }),
    /** A broadcast: to a tag, to an expression over tags, or to all devices of the app. */
    z.strictObject({ tag: tagText }),
    z.strictObject({ condition: conditionBody }),
    z.strictObject({ everyone: z.literal(true) }),
  ],
  "must be a regId of 1 to 256 characters, or one of {alias}, {tag}, {condition} and {everyone: true}",
);

/** `POST /v1/messages`. Exactly one of `data` and `dataBase64`. */
export const sendBody = z
  .strictObject({
    to: target,
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
    /** Not of a broadcast: what happens when the mailbox is full; `drop_oldest` where it is not given. */
    onOverflow: z.enum(["drop_oldest", "reject"]).optional(),
    /** Of a broadcast: only devices that reported these attributes. */
    filter: filterBody.optional(),
    /** Of a broadcast: devices a second. */
    pace: z.int().min(1).max(LIMITS.PACE_MAX).optional(),
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

/** Final states of a message, and the two that are not: `queued`, and `sent` where only the device knows how it ended. */
export const MESSAGE_STATUSES = [
  "delivered",
  "queued",
  "sent",
  "expired",
  "recalled",
  "collapsed",
  "overflowed",
  "unregistered",
  "filtered",
] as const;
export type MessageStatus = (typeof MESSAGE_STATUSES)[number];

/** Answer of `POST /v1/messages`: 200 where the status is final, 202 where it is `queued` or `sent`. */
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

/** Answer of `POST /v1/messages` to an alias: 200 where every result is final, 202 otherwise. */
export interface AliasSendAnswerBody {
  readonly results: readonly AliasResult[];
  readonly tookMs: number;
}

/** Of one holder of the alias: what became of its message, or why it was refused. */
export type AliasResult =
  | { readonly regId: string; readonly id: string; readonly status: MessageStatus }
  | { readonly regId: string; readonly error: string; readonly detail: string };

/** Answer of `POST /v1/messages` to a tag, a condition or everyone: 202, durable, whatever comes of it. */
export interface BroadcastAnswerBody {
  readonly id: string;
  readonly status: "accepted";
  readonly tookMs: number;
}

/** Answer of `GET /v1/messages/{id}` for a broadcast. `sent` is final. Counts: see `FanOutCounts` in docs/api.md. */
export interface BroadcastStatusBody {
  readonly id: string;
  readonly status: "accepted" | "sending" | "sent";
  /** Milliseconds since 1970. */
  readonly acceptedAt: number;
  readonly finishedAt: number | null;
  readonly members: number;
  readonly attached: number;
  readonly delivered: number;
  readonly acknowledged: number;
  readonly filtered: number;
  readonly deferred: number;
  readonly offline: number;
  readonly failed: number;
  readonly expired: number;
  readonly collapsed: number;
  readonly remaining: number;
  /** Devices, nodes and tags that could not be reached yet; not final before there are none. */
  readonly owed: number;
  /** Nodes that could not be reached until the broadcast expired. */
  readonly unreached: number;
  readonly nodes: number;
  readonly listeners: number;
  /** Devices a second. */
  readonly rate: number;
}

/** Added and removed at once: in which order would be ours to guess. */
const distinct = <T extends { add: string[]; remove: string[] }>({ add, remove }: T): boolean => {
  const added = new Set(add);
  return !remove.some((regId) => added.has(regId));
};
const DISTINCT = { message: "names a regId that add names too", path: ["remove"] };

const regIdList = z.array(z.string().min(1).max(256)).max(LIMITS.SUBSCRIBE_REGISTRATIONS);

/** `POST /v1/tags/members`: subscribes registrations to a tag and unsubscribes others. */
export const membersBody = z
  .strictObject({ tag: tagText, add: regIdList.default([]), remove: regIdList.default([]) })
  .refine(
    ({ add, remove }) =>
      add.length + remove.length >= 1 &&
      add.length + remove.length <= LIMITS.SUBSCRIBE_REGISTRATIONS,
    {
      message: `give 1 to ${LIMITS.SUBSCRIBE_REGISTRATIONS} regIds in add and remove together`,
      path: ["add"],
    },
  )
  .refine(distinct, DISTINCT);

/** `POST /v1/aliases`: gives an alias to registrations and takes it from others. */
export const aliasesBody = z
  .strictObject({
    alias: aliasText,
    shared: z.boolean().default(false),
    add: regIdList.max(LIMITS.ALIAS_HOLDERS).default([]),
    remove: regIdList.max(LIMITS.ALIAS_HOLDERS).default([]),
  })
  .refine(({ add, remove }) => add.length + remove.length >= 1, {
    message: "give at least one regId in add or remove",
    path: ["add"],
  })
  .refine(({ shared, add }) => shared || add.length <= 1, {
    message: "an alias that is not shared has one holder",
    path: ["add"],
  })
  .refine(distinct, DISTINCT);

/** Answer of `POST /v1/tags/members` and `POST /v1/aliases`: one result for each regId, in the order of add, then remove. */
export interface ResultsAnswerBody {
  readonly results: readonly RegistrationResult[];
}

export type RegistrationResult =
  | { readonly regId: string; readonly ok: true }
  | { readonly regId: string; readonly ok: false; readonly error: string; readonly detail: string };

/** Answer of `GET /v1/registrations/{regId}`. */
export interface RegistrationAnswerBody {
  readonly regId: string;
  readonly tags: readonly string[];
  readonly aliases: readonly string[];
  readonly attributes: AttributesBody | null;
  /** Whether the device holds a link now. */
  readonly connected: boolean;
}

export interface AttributesBody {
  readonly platform: string | null;
  readonly appVersion: string | null;
  readonly locale: string | null;
  readonly custom: Readonly<Record<string, string>>;
}

/** Answer of `GET /v1/aliases/{alias}`. */
export interface AliasAnswerBody {
  readonly alias: string;
  readonly shared: boolean;
  readonly regIds: readonly string[];
}

/** A tag in the answer of `GET /v1/tags`; counts are exact up to `LIMITS.COUNT_DELAY_MS` a level of its tree ago. */
export interface TagBody {
  readonly tag: string;
  readonly members: number;
  readonly listeners: number;
  /** Milliseconds since 1970; null for never. */
  readonly lastBroadcastAt: number | null;
}

/** Query of `GET /v1/tags`. */
export const tagsQuery = z.strictObject({
  prefix: z.string().max(LIMITS.TAG_BYTES).default(""),
  minMembers: z.coerce.number().int().min(0).optional(),
  maxMembers: z.coerce.number().int().min(0).optional(),
  broadcastAfter: z.coerce.number().int().min(0).optional(),
  broadcastBefore: z.coerce.number().int().min(0).optional(),
  sort: z.enum(["tag", "members", "lastBroadcastAt"]).default("tag"),
  order: z.enum(["asc", "desc"]).default("asc"),
  limit: z.coerce.number().int().min(1).max(LIMITS.DIRECTORY_PAGE).default(LIMITS.DIRECTORY_PAGE),
  cursor: z.string().max(1_024).optional(),
});

/** Answer of `GET /v1/tags`. */
export interface TagsAnswerBody {
  readonly tags: readonly TagBody[];
  /** For the next page; null at the end. */
  readonly next: string | null;
}

/** Answer of `GET /v1/tags/{tag}`: read from the tag's root. */
export interface TagAnswerBody extends TagBody {
  readonly nodes: number;
  readonly depth: number;
  readonly live: LiveAccessName;
}

export const LIVE_ACCESS = ["closed", "token", "open"] as const;
export type LiveAccessName = (typeof LIVE_ACCESS)[number];

/** `PUT /v1/tags/{tag}/live`: who may listen live; `token` where it was never set. */
export const liveBody = z.strictObject({ access: z.enum(LIVE_ACCESS) });

/** Answer of `GET /v1/apps/{appId}/live-key`: public, for those who verify what they hear. */
export interface LiveKeyBody {
  readonly algorithm: "ed25519";
  /** Raw public key, 32 bytes in base64url. */
  readonly publicKey: string;
}

/** A broadcast as a live listener gets it: a JSON text frame, or the data of an event of type `message`. */
export interface LiveMessageBody {
  readonly type: "message";
  /** Place in the tag's log; also the ID of the event. Resume after it. */
  readonly cursor: number;
  readonly id: string;
  /** The one that was signed: where a broadcast went to several tags, the first of them. */
  readonly tag: string;
  /** In the form in which the sender gave it. */
  readonly data?: string | JsonObject;
  readonly dataBase64?: string;
  /** Milliseconds since 1970. */
  readonly sentAt: number;
  readonly expiresAt: number | null;
  readonly collapseKey?: string;
  /** Ed25519 by the app's live key, 64 bytes in base64url; over what docs/api.md says. Null where it has none. */
  readonly signature: string | null;
  /** The same over all that is here and the tag that is listened to. Absent from a mesh of an older version. */
  readonly placeSignature?: string | null;
}

/** How many listen: the first that a listener gets, and again where it has changed. */
export interface LivePresenceBody {
  readonly type: "presence";
  readonly listeners: number;
  /** Place in the tag's log up to which this listener has everything; also the ID of the event. Resume after it. */
  readonly cursor: number;
}
