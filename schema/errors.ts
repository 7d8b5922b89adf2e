/**
 * The one table of every error of the mesh, and every code it closes a socket with: a file per area in `errors/`.
 * `docs/errors.md` is generated from it; a new code does not compile until each column is filled in.
 */
import { ACCOUNTS } from "./errors/accounts.ts";
import { COMMANDS } from "./errors/commands.ts";
import { ENCRYPTION } from "./errors/encryption.ts";
import { LINK } from "./errors/link.ts";
import { OPERATOR_ERRORS } from "./errors/operators.ts";
import { REQUESTS } from "./errors/requests.ts";
import type { ErrorRow } from "./errors/row.ts";
import { SENDING } from "./errors/sending.ts";
import { WEBHOOK_ERRORS } from "./errors/webhooks.ts";

export type { ErrorRow, Retry } from "./errors/row.ts";

/** The first close code of the mesh: the reason of these starts with the name of the error. */
export const FIRST_MESH_CLOSE = 4000;
const FIRST_REAUTHENTICATE = 4100;
const FIRST_STOP = 4200;
const AFTER_MESH_CLOSES = 4300;

/**
 * Close codes by range, so that an old client handles a new code correctly.
 * 4000–4099: reconnect with backoff. 4100–4199: make a fresh token, then reconnect.
 * 4200–4299: stop; reconnecting does not help.
 */
export const CLOSE_RANGES = {
  reconnect: [FIRST_MESH_CLOSE, FIRST_REAUTHENTICATE - 1],
  reauthenticate: [FIRST_REAUTHENTICATE, FIRST_STOP - 1],
  stop: [FIRST_STOP, AFTER_MESH_CLOSES - 1],
} as const;

/** A function, so that a bundler can drop the table: it takes the spread of an object for a side effect. */
const TABLE = /* @__PURE__ */ (() => ({
  ...REQUESTS,
  ...SENDING,
  ...ACCOUNTS,
  ...LINK,
  ...COMMANDS,
  ...ENCRYPTION,
  ...OPERATOR_ERRORS,
  ...WEBHOOK_ERRORS,
}))();

/** A name in the error table. */
export type ErrorCode = keyof typeof TABLE;

/** The table itself: `ERRORS.signature_expired.status === 401`. */
export const ERRORS: Readonly<Record<ErrorCode, ErrorRow>> = TABLE;

/** What a device does after a close code. Codes outside 4000–4299 (1001, 1006 …) mean reconnect. */
export function closeVerdict(close: number): "reconnect" | "reauthenticate" | "stop" {
  // Constants, and not the table: a minifier writes them here, and a page does not load the table.
  if (close < FIRST_REAUTHENTICATE || close >= AFTER_MESH_CLOSES) return "reconnect";
  return close < FIRST_STOP ? "reauthenticate" : "stop";
}

/** An error of the table. The mesh throws it inside, and maps it to a response at its edge. */
export class MeshError extends Error {
  override readonly name = "MeshError";
  readonly code: ErrorCode;
  /** The request field at fault, as a path: `ttlSeconds`, `data`. */
  readonly field: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(
    code: ErrorCode,
    detail?: string,
    options: { field?: string; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(
      detail ?? ERRORS[code].title,
      options.cause === undefined ? {} : { cause: options.cause },
    );
    this.code = code;
    this.field = options.field;
    this.retryAfterMs = options.retryAfterMs;
  }

  /** The row of the table. */
  get row(): ErrorRow {
    return ERRORS[this.code];
  }
}
