/** `/v1/apps`: the operator creates apps and their sending keys. */
import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { KEY_ALGORITHMS, KEY_SCOPES } from "./enums.ts";
import { type AnswerOf, boundedText, lazily, milliseconds } from "./fields.ts";
import { policyAnswer, policyBody } from "./policy.ts";
import { OPERATORS, WITH_BODY } from "./problem.ts";
import { quotaAnswer, quotaBody } from "./quota.ts";
import type { Route } from "./route.ts";

/** `POST /v1/apps`. */
export const appBody = z.strictObject({
  name: boundedText(LIMITS.APP_NAME_BYTES),
  /** Default: everything is `granted`. */
  policy: z
    .union(
      [z.literal("open"), policyBody],
      'must be "open", or an object with register, alias and tag',
    )
    .optional(),
});

/** The request for a new app. */
export type NewApp = z.input<typeof appBody>;

/** The last time that a Date holds (ECMA-262 §21.4.1.1). */
const LATEST_MS = 8.64e15;

/** What a new key may sign. */
const rights = {
  /** Default: all. */
  scopes: z
    .array(z.enum(KEY_SCOPES))
    .min(1)
    .refine((scopes) => new Set(scopes).size === scopes.length, "names a scope twice")
    .exactOptional(),
  /** Milliseconds since 1970; null, the default, for never. */
  expiresAt: z.int().min(1).max(LATEST_MS).nullable().exactOptional(),
};

/** `POST /v1/apps/{appId}/keys`. The mesh creates the secret of an HMAC key; it only gets the public half of an Ed25519 key. */
export const keyBody = z.discriminatedUnion("algorithm", [
  z.strictObject({ algorithm: z.literal("hmac-sha256"), ...rights }),
  z.strictObject({
    algorithm: z.literal("ed25519"),
    /** Raw public key, 32 bytes in base64url. */
    publicKey: z.string().regex(/^[A-Za-z0-9_-]{43}$/, "must be 32 bytes in base64url"),
    ...rights,
  }),
  /** A send token: for scripts that cannot sign. */
  z.strictObject({
    algorithm: z.literal("bearer"),
    scopes: z
      .tuple([z.literal("send")], 'must be ["send"]: a token does nothing else')
      .exactOptional(),
    expiresAt: rights.expiresAt,
  }),
]);

/** The request for a new key. */
export type NewKey = z.output<typeof keyBody>;

export const appAnswer = lazily(() =>
  z.strictObject({
    appId: z.string(),
    name: z.string(),
    createdAt: milliseconds(),
  }),
);
export type AppAnswerBody = AnswerOf<typeof appAnswer>;

/** Answer of `GET /v1/apps`. */
export const appsAnswer = lazily(() => z.strictObject({ apps: z.array(appAnswer()) }));
export type AppsAnswerBody = AnswerOf<typeof appsAnswer>;

const listedKey = lazily(() =>
  z.strictObject({
    keyId: z.string(),
    algorithm: z.enum(KEY_ALGORITHMS),
    createdAt: milliseconds(),
    scopes: z.array(z.enum(KEY_SCOPES)),
    /** Null for never. */
    expiresAt: milliseconds().nullable(),
    /** Up to an hour too early; null for never, or not since this is recorded. */
    lastUsedAt: milliseconds().nullable(),
  }),
);

/** Answer of `POST /v1/apps/{appId}/keys`. */
export const keyAnswer = lazily(() =>
  listedKey().extend({
    /** Only in the answer that creates an HMAC key (base64url, 32 bytes), or a send token: the whole token. */
    secret: z.string().exactOptional(),
  }),
);
export type KeyAnswerBody = AnswerOf<typeof keyAnswer>;

/** Answer of `GET /v1/apps/{appId}`: its keys, without secrets. */
export const appWithKeysAnswer = lazily(() =>
  appAnswer().extend({
    keys: z.array(listedKey()),
    policy: policyAnswer(),
    /** How many it remembers. */
    revokedGrants: z.int().min(0),
    /** Tags that no device joins by itself. */
    closedTags: z.array(z.string()),
    /** Null without one. */
    quota: quotaAnswer().nullable(),
  }),
);
export type AppWithKeysAnswerBody = AnswerOf<typeof appWithKeysAnswer>;

/** Answer of `DELETE /v1/apps/{appId}/revoked-grants`. */
export const forgottenAnswer = lazily(() =>
  z.strictObject({
    /** How many revoked grants it had. */
    forgotten: z.int().min(0),
  }),
);
export type ForgottenAnswerBody = AnswerOf<typeof forgottenAnswer>;

export const appRoutes = {
  listApps: {
    method: "GET",
    path: "/v1/apps",
    auth: "admin",
    role: "viewer",
    summary: "List the apps",
    answers: lazily(() => ({ 200: { description: "The apps.", body: appsAnswer() } })),
    errors: [...OPERATORS],
  },
  createApp: {
    method: "POST",
    path: "/v1/apps",
    auth: "admin",
    role: "operator",
    summary: "Create an app",
    body: { schema: appBody, maxBytes: LIMITS.POLICY_BODY_BYTES },
    answers: lazily(() => ({ 201: { description: "Created.", body: appAnswer() } })),
    errors: [...OPERATORS, ...WITH_BODY, "too_many_apps"],
  },
  getApp: {
    method: "GET",
    path: "/v1/apps/:appId",
    auth: "admin",
    role: "viewer",
    summary: "Get an app and its keys",
    answers: lazily(() => ({
      200: { description: "Without secrets.", body: appWithKeysAnswer() },
    })),
    errors: [...OPERATORS, "app_not_found"],
  },
  deleteApp: {
    method: "DELETE",
    path: "/v1/apps/:appId",
    auth: "admin",
    role: "operator",
    summary: "Delete an app and its keys",
    answers: lazily(() => ({
      204: { description: "Deleted. Other edges may accept its keys for up to 30 s." },
    })),
    errors: [...OPERATORS, "app_not_found"],
  },
  getPolicy: {
    method: "GET",
    path: "/v1/apps/:appId/policy",
    auth: "admin",
    role: "viewer",
    summary: "Get the policy of an app",
    answers: lazily(() => ({ 200: { description: "The policy.", body: policyAnswer() } })),
    errors: [...OPERATORS, "app_not_found"],
  },
  putPolicy: {
    method: "PUT",
    path: "/v1/apps/:appId/policy",
    auth: "admin",
    role: "operator",
    summary: "Replace the policy of an app",
    body: { schema: policyBody, maxBytes: LIMITS.POLICY_BODY_BYTES },
    answers: lazily(() => ({ 200: { description: "The new policy.", body: policyAnswer() } })),
    errors: [...OPERATORS, ...WITH_BODY, "app_not_found"],
  },
  putQuota: {
    method: "PUT",
    path: "/v1/apps/:appId/quota",
    auth: "admin",
    role: "operator",
    summary: "Set the quota of an app's sends",
    body: { schema: quotaBody, maxBytes: LIMITS.BODY_BYTES },
    answers: lazily(() => ({
      200: { description: "The quota. Other edges may not know it for 30 s.", body: quotaAnswer() },
    })),
    errors: [...OPERATORS, ...WITH_BODY, "app_not_found"],
  },
  deleteQuota: {
    method: "DELETE",
    path: "/v1/apps/:appId/quota",
    auth: "admin",
    role: "operator",
    summary: "End the quota of an app's sends",
    answers: lazily(() => ({ 204: { description: "Ended, also if there was none." } })),
    errors: [...OPERATORS, "app_not_found"],
  },
  forgetRevokedGrants: {
    method: "DELETE",
    path: "/v1/apps/:appId/revoked-grants",
    auth: "admin",
    role: "operator",
    summary: "Forget the revoked grants of an app",
    answers: lazily(() => ({
      200: {
        description: "Those that are not over are valid again, if the key that signed them is.",
        body: forgottenAnswer(),
      },
    })),
    errors: [...OPERATORS, "app_not_found"],
  },
  createKey: {
    method: "POST",
    path: "/v1/apps/:appId/keys",
    auth: "admin",
    role: "operator",
    summary: "Create a sending key, or a send token",
    body: { schema: keyBody, maxBytes: LIMITS.BODY_BYTES },
    answers: lazily(() => ({
      201: {
        description: "The only answer that contains the secret of an HMAC key, or a send token.",
        body: keyAnswer(),
        headers: { "cache-control": { description: "no-store", required: true } },
      },
    })),
    errors: [...OPERATORS, ...WITH_BODY, "app_not_found", "too_many_keys"],
  },
  revokeKey: {
    method: "DELETE",
    path: "/v1/apps/:appId/keys/:keyId",
    auth: "admin",
    role: "operator",
    summary: "Revoke a sending key",
    answers: lazily(() => ({
      204: { description: "Revoked. Other edges may accept it for up to 30 s." },
    })),
    errors: [...OPERATORS, "app_not_found", "key_not_found"],
  },
} as const satisfies Record<string, Route>;
