/** `/v1/aliases` and `/v1/registrations`: the holders of aliases, and the tags, aliases and attributes of a registration. */
import * as z from "zod";
import { LIMITS } from "../limits.ts";
import {
  type AnswerOf,
  aliasText,
  count,
  DISTINCT,
  isDistinct,
  lazily,
  milliseconds,
  regIdList,
} from "./fields.ts";
import { CONTENT_DIGEST } from "./messages.ts";
import { SIGNED, SIGNED_CHANGE } from "./problem.ts";
import type { Route } from "./route.ts";
import { resultsAnswer } from "./tags.ts";

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
  .refine(isDistinct, DISTINCT);

/** Answer of `GET /v1/aliases/{alias}`. */
export const aliasAnswer = lazily(() =>
  z.strictObject({
    alias: z.string(),
    shared: z.boolean(),
    regIds: z.array(z.string()),
  }),
);
export type AliasAnswerBody = AnswerOf<typeof aliasAnswer>;

const attributes = lazily(() =>
  z.strictObject({
    platform: z.string().nullable(),
    appVersion: z.string().nullable(),
    locale: z.string().nullable(),
    /** Reported by the app on the device, as the three above: a device may report anything. */
    custom: z.record(z.string(), z.string()),
    /** Given by a grant of the app's server. `custom` has none of these names. */
    granted: z.record(z.string(), z.string()),
  }),
);

/** Answer of `GET /v1/registrations/{regId}`. */
export const registrationAnswer = lazily(() =>
  z.strictObject({
    regId: z.string(),
    tags: z.array(z.string()),
    aliases: z.array(z.string()),
    attributes: attributes().nullable(),
    /** Whether the device has a link now. */
    connected: z.boolean(),
    /** When the device was last connected, milliseconds since 1970; null if it does not allow that, or was not. */
    lastSeenAt: milliseconds().nullable(),
    /** False if the user lets the app show no notifications, as its device has said. */
    pushEnabled: z.boolean(),
  }),
);
export type RegistrationAnswerBody = AnswerOf<typeof registrationAnswer>;

/** Query of `GET /v1/registrations`. */
export const registrationsQuery = z.strictObject({
  /** `next` of the page before. */
  cursor: z
    .string()
    .regex(/^[0-9a-f]+$/)
    .max(LIMITS.NODE_DEPTH)
    .exactOptional(),
});

/** Answer of `GET /v1/registrations`: the registrations at one node of the tag of all devices. */
export const registrationsAnswer = lazily(() =>
  z.strictObject({
    /** In the order in which they registered. */
    registrations: z.array(z.strictObject({ regId: z.string() })),
    /** How many more there are here of which an older version did not store enough to name them: until their devices connect. */
    unlisted: count(),
    /** Null after the last page. */
    next: z.string().nullable(),
  }),
);
export type RegistrationsAnswerBody = AnswerOf<typeof registrationsAnswer>;

/** Query of `DELETE /v1/registrations/{regId}`. */
export const removalQuery = z.strictObject({
  ban: z.coerce.number().int().min(1).max(LIMITS.BAN_MAX_SECONDS).exactOptional(),
});

/** Answer of `DELETE /v1/registrations/{regId}`. */
export const removalAnswer = lazily(() =>
  z.strictObject({
    regId: z.string(),
    /** Whether a registration ended. False if it had ended before. */
    removed: z.boolean(),
    /** Until when the app may not register on this device; null if it may. */
    bannedUntil: milliseconds().nullable(),
  }),
);
export type RemovalAnswerBody = AnswerOf<typeof removalAnswer>;

/** Answer of `DELETE /v1/registrations/{regId}/ban`. */
export const banLiftAnswer = lazily(() =>
  z.strictObject({
    regId: z.string(),
    /** Whether a ban ended. False if the device was not banned. */
    lifted: z.boolean(),
  }),
);
export type BanLiftAnswerBody = AnswerOf<typeof banLiftAnswer>;

/** Of a signed change without a body. */
const REMOVAL_ERRORS = [
  ...SIGNED,
  "request_replayed",
  "rate_limited",
  "reg_id_invalid",
  "reg_id_foreign",
] as const;

export const registrationRoutes = {
  changeAlias: {
    method: "POST",
    path: "/v1/aliases",
    auth: "signature",
    scopes: ["manage"],
    summary: "Give an alias to registrations, and take it from others",
    headers: CONTENT_DIGEST,
    body: { schema: aliasesBody, maxBytes: LIMITS.SUBSCRIBE_BODY_BYTES },
    answers: lazily(() => ({
      200: { description: "One for each regId: add, then remove.", body: resultsAnswer() },
    })),
    errors: SIGNED_CHANGE,
  },
  getAlias: {
    method: "GET",
    path: "/v1/aliases/:alias",
    auth: "signature",
    scopes: ["read"],
    summary: "Get the holders of an alias",
    answers: lazily(() => ({ 200: { description: "Its holders.", body: aliasAnswer() } })),
    errors: [...SIGNED, "field_invalid", "alias_unknown"],
  },
  listRegistrations: {
    method: "GET",
    path: "/v1/registrations",
    auth: "signature",
    scopes: ["read"],
    summary: "List the registrations of the app, page by page",
    query: registrationsQuery,
    answers: lazily(() => ({ 200: { description: "A page.", body: registrationsAnswer() } })),
    errors: [...SIGNED, "field_invalid"],
  },
  getRegistration: {
    method: "GET",
    path: "/v1/registrations/:regId",
    auth: "signature",
    scopes: ["read"],
    summary: "Get the tags, aliases and attributes of a registration",
    answers: lazily(() => ({
      200: { description: "Its tags, aliases and attributes.", body: registrationAnswer() },
    })),
    errors: [...SIGNED, "reg_id_invalid", "reg_id_foreign", "unregistered"],
  },
  removeRegistration: {
    method: "DELETE",
    path: "/v1/registrations/:regId",
    auth: "signature",
    scopes: ["manage"],
    summary: "End a registration, and optionally ban its device from the app",
    query: removalQuery,
    answers: lazily(() => ({ 200: { description: "It has ended.", body: removalAnswer() } })),
    errors: [...REMOVAL_ERRORS, "field_invalid", "unregistered"],
  },
  liftBan: {
    method: "DELETE",
    path: "/v1/registrations/:regId/ban",
    auth: "signature",
    scopes: ["manage"],
    summary: "Let a banned device register again",
    answers: lazily(() => ({ 200: { description: "No ban is left.", body: banLiftAnswer() } })),
    errors: REMOVAL_ERRORS,
  },
} as const satisfies Record<string, Route>;
