/** Answers to refused requests: RFC 9457 problem details from the error table. */
import { ERRORS, type ErrorCode, MeshError } from "../schema/errors.ts";
import type { ProblemBody } from "../schema/http.ts";

/** For a 503 without a time: after a second, retries of a burst are at least spread by their jitter. */
const RETRY_AFTER_DEFAULT_MS = 1_000;

/** RFC 9110 §11.6.1 requires a challenge with every 401. */
const CHALLENGES: Partial<Record<ErrorCode, string>> = {
  admin_token_invalid: 'Bearer realm="pushmesh admin"',
  send_token_invalid: 'Bearer realm="pushmesh"',
  proof_invalid: 'DeviceProof realm="pushmesh"',
  proof_expired: 'DeviceProof realm="pushmesh"',
};
const SIGNATURE_CHALLENGE = 'Signature realm="pushmesh"';

/** The problem document of an error, and how long to wait before a retry. */
export function problemOf(error: MeshError): {
  readonly body: ProblemBody;
  readonly retryAfterMs: number | undefined;
} {
  const { code, row } = error;
  const status = row.status ?? ERRORS.internal.status ?? 500;
  const body: ProblemBody = {
    type: `urn:pushmesh:error:${code}`,
    title: row.title,
    status,
    code,
    detail: error.message,
    retry: row.retry,
    advice: row.advice,
    ...(error.field === undefined ? {} : { field: error.field }),
  };
  const retryAfterMs = error.retryAfterMs ?? (status === 503 ? RETRY_AFTER_DEFAULT_MS : undefined);
  return { body, retryAfterMs };
}

export function problemResponse(error: MeshError, headers: HeadersInit = {}): Response {
  const { body, retryAfterMs } = problemOf(error);
  const { status } = body;
  const answer = new Headers(headers);
  answer.set("content-type", "application/problem+json");
  answer.set("cache-control", "no-store");
  if (status === 401) answer.set("www-authenticate", CHALLENGES[error.code] ?? SIGNATURE_CHALLENGE);
  if (retryAfterMs !== undefined) {
    answer.set("retry-after", String(Math.max(1, Math.ceil(retryAfterMs / 1_000))));
  }
  return new Response(JSON.stringify(body), { status, headers: answer });
}

/**
 * Turns any thrown value into an error of the table. An unexpected one is logged and answered as `internal`.
 *
 * @param what the request that failed, or what was done
 */
export function asMeshError(error: unknown, what: Request | string): MeshError {
  if (error instanceof MeshError) return error;
  const name = typeof what === "string" ? what : `${what.method} ${new URL(what.url).pathname}`;
  console.error(`${name} failed`, error);
  return new MeshError("internal", undefined, { cause: error });
}
