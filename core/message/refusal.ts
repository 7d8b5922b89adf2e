/** Refusals and answers of commands. Plain data: it crosses RPC. */
import { type ErrorCode, MeshError } from "../../schema/errors.ts";

/** A refusal of an object; the edge makes an HTTP answer of it by the error table. */
export interface Refused {
  readonly ok: false;
  readonly code: ErrorCode;
  readonly detail?: string;
  readonly retryAfterMs?: number;
}

/** The answer to a command: carried out durably, or refused. */
export type CommandAnswer = { readonly ok: true } | Refused;

/** The refusal in a thrown error. @throws the error itself if it is not a MeshError */
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
