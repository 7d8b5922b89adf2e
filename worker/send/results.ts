/** The outcomes of many messages, as their sender is told them. */
import { MeshError } from "../../schema/errors.ts";
import type { BatchResult, RefusedResult } from "../../schema/http.ts";
import { problemOf } from "../problem.ts";
import { isSettled, type SendOutcome } from "./send.ts";

export const toldResult = (outcome: SendOutcome | MeshError): BatchResult =>
  outcome instanceof MeshError ? refusedResult(outcome) : outcome;

function refusedResult(error: MeshError): RefusedResult {
  const { body, retryAfterMs } = problemOf(error);
  const { code, detail, retry, field } = body;
  return {
    ...{ error: code, detail, retry },
    ...(field === undefined ? {} : { field }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs: Math.ceil(retryAfterMs) }),
  };
}

/** Whether nothing more happens to any of them. */
export const areSettled = (outcomes: readonly (SendOutcome | MeshError)[]): boolean =>
  outcomes.every((outcome) => outcome instanceof MeshError || isSettled(outcome));
