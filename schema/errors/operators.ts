/** Errors of operators (650–654). */
import { type ErrorRow, row } from "./row.ts";

export const OPERATOR_ERRORS = {
  role_missing: row(
    650,
    403,
    null,
    "never",
    "The role of your credential does not allow this.",
    "Use a credential with the role named in the detail. An owner creates one with `pushmesh admin credential create`.",
  ),
  credential_not_found: row(
    651,
    404,
    null,
    "never",
    "No such credential.",
    "List the credentials with `pushmesh admin credential list`.",
  ),
  too_many_credentials: row(
    652,
    409,
    null,
    "never",
    "The mesh has the maximum number of credentials.",
    "Revoke one first, for example an expired one: `pushmesh admin credential list`, `pushmesh admin credential revoke`.",
  ),
} as const satisfies Record<string, ErrorRow>;
