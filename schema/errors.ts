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

export type { ErrorRow, Retry } from "./errors/row.ts";

/**
 * Close codes by range, so that an old client handles a new code correctly.
 * 4000–4099: reconnect with backoff. 4100–4199: make a fresh token, then reconnect.
 * 4200–4299: stop; reconnecting does not help.
 */
export const CLOSE_RANGES = {
  reconnect: [4000, 4099],
  reauthenticate: [4100, 4199],
  stop: [4200, 4299],
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
}))();

/** A name in the error table. */
export type ErrorCode = keyof typeof TABLE;

/** The table itself: `ERRORS.signature_expired.status === 401`. */
export const ERRORS: Readonly<Record<ErrorCode, ErrorRow>> = TABLE;

/** What a device does after a close code. Codes outside 4000–4299 (1001, 1006 …) mean reconnect. */
export function closeVerdict(close: number): "reconnect" | "reauthenticate" | "stop" {
  if (close >= CLOSE_RANGES.stop[0] && close <= CLOSE_RANGES.stop[1]) return "stop";
  if (close >= CLOSE_RANGES.reauthenticate[0] && close <= CLOSE_RANGES.reauthenticate[1]) {
    return "reauthenticate";
  }
  return "reconnect";
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
