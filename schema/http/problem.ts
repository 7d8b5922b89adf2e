/** Refusals over HTTPS, and the error codes that routes share. */
import * as z from "zod";
import type { ErrorCode } from "../errors.ts";
import { type AnswerOf, lazily } from "./fields.ts";

/** Every refusal over HTTPS, as `application/problem+json` (RFC 9457). */
export const problemBody = lazily(() =>
  z.strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    /** Name in the error table. */
    code: z.string(),
    detail: z.string(),
    retry: z.enum(["never", "later", "reauthenticate"]),
    /** What to do about it. */
    advice: z.string(),
    /** The field at fault, if there is one. */
    field: z.string().exactOptional(),
  }),
);
export type ProblemBody = AnswerOf<typeof problemBody>;

/** Error codes of any request, from the edge or the host in front of it. */
export const ANY_REQUEST: readonly ErrorCode[] = [
  "request_malformed",
  "request_timeout",
  "too_many_failures",
  "too_many_requests",
  "head_too_large",
  "internal",
  "misconfigured",
  "overloaded",
  "storage_unavailable",
  "mesh_full",
];
export const WITH_BODY: readonly ErrorCode[] = [
  "body_too_large",
  "content_type_unsupported",
  "body_invalid",
  "field_invalid",
];
/** For the routes of operators. */
export const OPERATORS: readonly ErrorCode[] = ["admin_token_invalid", "role_missing"];
export const SIGNED: readonly ErrorCode[] = [
  "signature_missing",
  "signature_malformed",
  "signature_incomplete",
  "signature_invalid",
  "signature_expired",
  "key_unknown",
  "key_expired",
  "scope_missing",
  "send_token_invalid",
  "send_token_exposed",
];
/** For signed requests that change stored state. */
export const SIGNED_CHANGE: readonly ErrorCode[] = [
  ...SIGNED,
  ...WITH_BODY,
  "digest_mismatch",
  "request_replayed",
  "rate_limited",
];
