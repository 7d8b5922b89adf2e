/** What is refused, and what commands are answered. Plain data: it crosses RPC. */
import { type ErrorCode, MeshError } from "../../schema/errors.ts";

/** A device's refusal; the edge turns it into an answer by the error table. */
export interface Refused {
  readonly ok: false;
  readonly code: ErrorCode;
  readonly detail?: string;
  readonly retryAfterMs?: number;
}

/** Of a command that is carried out, durably, or refused. */
export type CommandAnswer = { readonly ok: true } | Refused;

/** A refusal as an answer. @throws what is no refusal */
export function refusedBy(error: unknown): Refused & { readonly detail: string } {
  if (!(error instanceof MeshError)) throw error;
  const { code, message, retryAfterMs } = error;
  return {
    ok: false,
    code,
    detail: message,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}
