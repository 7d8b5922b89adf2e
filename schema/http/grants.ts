/** `/v1/grants`: an app's server revokes a grant that it made. */
import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { type AnswerOf, lazily, milliseconds, nameText } from "./fields.ts";
import { SIGNED } from "./problem.ts";
import type { Route } from "./route.ts";

/** The jti of a grant, in a path. */
export const jtiText = nameText(LIMITS.GRANT_ID_CHARS);

/** Query of `DELETE /v1/grants/{jti}`. */
export const revocationQuery = z.strictObject({
  /** Milliseconds since 1970. */
  expiresAt: z.coerce.number().int().min(0).exactOptional(),
});

/** Answer of `DELETE /v1/grants/{jti}`. */
export const revocationAnswer = lazily(() =>
  z.strictObject({
    jti: z.string(),
    /** Whether this revoked it. False if it was revoked before. */
    revoked: z.boolean(),
    /** How long the mesh remembers that at least. */
    until: milliseconds(),
  }),
);
export type RevocationAnswerBody = AnswerOf<typeof revocationAnswer>;

export const grantRoutes = {
  revokeGrant: {
    method: "DELETE",
    path: "/v1/grants/:jti",
    auth: "signature",
    scopes: ["manage"],
    summary: "Revoke a grant",
    query: revocationQuery,
    answers: lazily(() => ({
      200: { description: "The grant is revoked.", body: revocationAnswer() },
    })),
    errors: [
      ...SIGNED,
      "request_replayed",
      "rate_limited",
      "field_invalid",
      "too_many_revoked_grants",
    ],
  },
} as const satisfies Record<string, Route>;
