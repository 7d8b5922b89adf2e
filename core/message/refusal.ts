/** What is refused, and what commands are answered. Plain data: it crosses RPC. */
import type { ErrorCode } from "../../schema/errors.ts";

/** A device's refusal; the edge turns it into an answer by the error table. */
export interface Refused {
  readonly ok: false;
  readonly code: ErrorCode;
  readonly detail?: string;
  readonly retryAfterMs?: number;
}

/** Of a command that is carried out, durably, or refused. */
export type CommandAnswer = { readonly ok: true } | Refused;
