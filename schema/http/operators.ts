/** `/v1/admin`: the credentials of operators, and the log of what was changed. */
import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { OPERATOR_ROLES } from "./enums.ts";
import { type AnswerOf, boundedText, lazily, milliseconds } from "./fields.ts";
import { OPERATORS, WITH_BODY } from "./problem.ts";
import type { Route } from "./route.ts";

/** `POST /v1/admin/credentials`. */
export const credentialBody = z.strictObject({
  name: boundedText(LIMITS.CREDENTIAL_NAME_BYTES),
  role: z.enum(OPERATOR_ROLES),
  /** Milliseconds since 1970, in the future; null for never. */
  expiresAt: z.int().min(0).nullable().default(null),
});

/** The request for a new credential. */
export type NewCredentialBody = z.input<typeof credentialBody>;

const listedCredential = lazily(() =>
  z.strictObject({
    credentialId: z.string(),
    name: z.string(),
    role: z.enum(OPERATOR_ROLES),
    createdAt: milliseconds(),
    /** Null for never. */
    expiresAt: milliseconds().nullable(),
    /** Up to an hour too early; null if it was never used. */
    usedAt: milliseconds().nullable(),
  }),
);
export type CredentialBody = AnswerOf<typeof listedCredential>;

/** Answer of `POST /v1/admin/credentials`. */
export const credentialAnswer = lazily(() =>
  listedCredential().extend({
    /** Only in this answer. */
    token: z.string(),
  }),
);
export type CredentialAnswerBody = AnswerOf<typeof credentialAnswer>;

/** Answer of `GET /v1/admin/credentials`. */
export const credentialsAnswer = lazily(() =>
  z.strictObject({ credentials: z.array(listedCredential()) }),
);
export type CredentialsAnswerBody = AnswerOf<typeof credentialsAnswer>;

/** Query of `GET /v1/admin/audit`. */
export const auditQuery = z.strictObject({
  /** Only entries about this app. */
  appId: z.string().max(64).optional(),
  limit: z.coerce.number().int().min(1).max(LIMITS.AUDIT_PAGE).default(LIMITS.AUDIT_PAGE),
  /** `next` of the page before. */
  cursor: z
    .string()
    .regex(/^[1-9]\d{0,14}$/, "not one of this list")
    .transform(Number)
    .optional(),
});

const auditEntry = lazily(() =>
  z.strictObject({
    /** Increases. */
    id: z.int().min(1),
    at: milliseconds(),
    /** Name of the credential, `ADMIN_TOKEN`, or the ID of the key that signed. */
    actor: z.string(),
    /** Null for ADMIN_TOKEN and keys. */
    credentialId: z.string().nullable(),
    /** `app` of an app server; `none` of requests with a wrong token, which are counted and not recorded each. */
    role: z.enum([...OPERATOR_ROLES, "app", "none"]),
    action: z.string(),
    target: z.string(),
    appId: z.string().nullable(),
    detail: z.string().nullable(),
    /** Of the client; null if the host cannot tell. */
    address: z.string().nullable(),
    requestId: z.string(),
  }),
);
export type AuditEntryBody = AnswerOf<typeof auditEntry>;

/** Answer of `GET /v1/admin/audit`: newest first. */
export const auditAnswer = lazily(() =>
  z.strictObject({
    entries: z.array(auditEntry()),
    /** The cursor of the next page; null on the last one. */
    next: z.string().nullable(),
  }),
);
export type AuditAnswerBody = AnswerOf<typeof auditAnswer>;

export const operatorRoutes = {
  listCredentials: {
    method: "GET",
    path: "/v1/admin/credentials",
    auth: "admin",
    role: "owner",
    summary: "List the credentials of operators",
    answers: lazily(() => ({
      200: { description: "Without tokens, oldest first.", body: credentialsAnswer() },
    })),
    errors: [...OPERATORS],
  },
  createCredential: {
    method: "POST",
    path: "/v1/admin/credentials",
    auth: "admin",
    role: "owner",
    summary: "Create a credential for an operator",
    body: { schema: credentialBody, maxBytes: LIMITS.BODY_BYTES },
    answers: lazily(() => ({
      201: {
        description: "The only answer that contains the token.",
        body: credentialAnswer(),
        headers: { "cache-control": { description: "no-store", required: true } },
      },
    })),
    errors: [...OPERATORS, ...WITH_BODY, "too_many_credentials"],
  },
  revokeCredential: {
    method: "DELETE",
    path: "/v1/admin/credentials/:credentialId",
    auth: "admin",
    role: "owner",
    summary: "Revoke a credential",
    answers: lazily(() => ({ 204: { description: "Revoked, at once and everywhere." } })),
    errors: [...OPERATORS, "credential_not_found"],
  },
  listAudit: {
    method: "GET",
    path: "/v1/admin/audit",
    auth: "admin",
    role: "viewer",
    summary: "List what was changed, by whom and from where",
    query: auditQuery,
    answers: lazily(() => ({ 200: { description: "A page, newest first.", body: auditAnswer() } })),
    errors: [...OPERATORS, "field_invalid"],
  },
} as const satisfies Record<string, Route>;
