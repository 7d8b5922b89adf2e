/** `/v1/tags`: the tags of an app, their members, and who may listen to them. */
import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { LIVE_ACCESS } from "./enums.ts";
import {
  type AnswerOf,
  count,
  DISTINCT,
  isDistinct,
  lazily,
  milliseconds,
  regIdList,
  tagText,
} from "./fields.ts";
import { CONTENT_DIGEST } from "./messages.ts";
import { SIGNED, SIGNED_CHANGE } from "./problem.ts";
import type { Route } from "./route.ts";

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
  .refine(isDistinct, DISTINCT);

const registrationResult = lazily(() =>
  z.union([
    z.strictObject({ regId: z.string(), ok: z.literal(true) }),
    z.strictObject({
      regId: z.string(),
      ok: z.literal(false),
      error: z.string(),
      detail: z.string(),
    }),
  ]),
);
export type RegistrationResult = AnswerOf<typeof registrationResult>;

/** Answer of `POST /v1/tags/members` and `POST /v1/aliases`: one result for each regId, in the order of add, then remove. */
export const resultsAnswer = lazily(() =>
  z.strictObject({ results: z.array(registrationResult()) }),
);
export type ResultsAnswerBody = AnswerOf<typeof resultsAnswer>;

/** A tag in the answer of `GET /v1/tags`. Counts are up to `LIMITS.COUNT_DELAY_MS` old per level of the tag's tree. */
const tagSummary = lazily(() =>
  z.strictObject({
    tag: z.string(),
    members: count(),
    listeners: count(),
    /** Milliseconds since 1970; null for never. */
    lastBroadcastAt: milliseconds().nullable(),
  }),
);
export type TagBody = AnswerOf<typeof tagSummary>;

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
/** The query as a caller writes it. */
export type TagsQuery = z.input<typeof tagsQuery>;

/** Answer of `GET /v1/tags`. */
export const tagsAnswer = lazily(() =>
  z.strictObject({
    tags: z.array(tagSummary()),
    /** The cursor of the next page; null on the last one. */
    next: z.string().nullable(),
  }),
);
export type TagsAnswerBody = AnswerOf<typeof tagsAnswer>;

/** Answer of `GET /v1/tags/{tag}`: read from the tag's root. */
export const tagAnswer = lazily(() =>
  tagSummary().extend({
    nodes: count(),
    depth: count(),
    live: z.enum(LIVE_ACCESS),
  }),
);
export type TagAnswerBody = AnswerOf<typeof tagAnswer>;

/** `PUT /v1/tags/{tag}/live`: who may listen live; `token` until it is set. */
export const liveBody = z.strictObject({ access: z.enum(LIVE_ACCESS) });

const tag = {
  answers: lazily(() => ({
    200: { description: "The tag has or had members.", body: tagAnswer() },
  })),
  errors: [...SIGNED, "field_invalid", "tag_unknown"],
} as const;

export const tagRoutes = {
  /** A route of its own, because the path matches `/v1/tags/:tag` too. */
  getTagCalledMembers: {
    method: "GET",
    path: "/v1/tags/members",
    auth: "signature",
    scopes: ["read"],
    summary: "Get the tag named members",
    ...tag,
  },
  changeMembers: {
    method: "POST",
    path: "/v1/tags/members",
    auth: "signature",
    scopes: ["manage"],
    summary: "Subscribe registrations to a tag, and unsubscribe others",
    headers: CONTENT_DIGEST,
    body: { schema: membersBody, maxBytes: LIMITS.SUBSCRIBE_BODY_BYTES },
    answers: lazily(() => ({
      200: { description: "One for each regId: add, then remove.", body: resultsAnswer() },
    })),
    errors: SIGNED_CHANGE,
  },
  listTags: {
    method: "GET",
    path: "/v1/tags",
    auth: "signature",
    scopes: ["read"],
    summary: "List the tags of the app",
    query: tagsQuery,
    answers: lazily(() => ({ 200: { description: "A page of tags.", body: tagsAnswer() } })),
    errors: [...SIGNED, "field_invalid"],
  },
  getTag: {
    method: "GET",
    path: "/v1/tags/:tag",
    auth: "signature",
    scopes: ["read"],
    summary: "Get a tag",
    ...tag,
  },
  setLiveAccess: {
    method: "PUT",
    path: "/v1/tags/:tag/live",
    auth: "signature",
    scopes: ["manage"],
    summary: "Set who may listen to the tag live",
    headers: CONTENT_DIGEST,
    body: { schema: liveBody, maxBytes: LIMITS.BODY_BYTES },
    answers: lazily(() => ({ 204: { description: "Set." } })),
    errors: [...SIGNED_CHANGE, "too_many_closed_tags"],
  },
} as const satisfies Record<string, Route>;
