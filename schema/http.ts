/** The HTTPS API: its bodies, answers and routes, one file per subject in http/. docs/api.md describes it. */
export * from "./http/apps.ts";
export * from "./http/condition.ts";
export * from "./http/devices.ts";
export * from "./http/encryption.ts";
export * from "./http/enums.ts";
export { aliasText, tagText } from "./http/fields.ts";
export * from "./http/grants.ts";
export * from "./http/live.ts";
export * from "./http/messages.ts";
export * from "./http/operators.ts";
export * from "./http/policy.ts";
export * from "./http/problem.ts";
export * from "./http/quota.ts";
export * from "./http/registrations.ts";
export type { AnswerRow, Auth, HeaderRow, Route } from "./http/route.ts";
export * from "./http/routes.ts";
export * from "./http/tags.ts";
