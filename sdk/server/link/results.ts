/** Results of sends on a sender link, as `PushServer.send` gives them. */
import type { SendResult } from "../../../schema/generated/link.ts";
import { MESSAGE_STATUSES } from "../../../schema/http/enums.ts";
import type { AnswerBody, ProblemBody } from "../../../schema/http.ts";
import { messageIdOf } from "../../../schema/text.ts";
import { type PushServerError, RefusedError, UnreachableError } from "../errors.ts";

const utf8 = new TextDecoder();

/**
 * @throws PushServerError `answer_invalid` for a result of a mesh far newer than this SDK
 *
 * @internal
 */
export function answerOf(result: SendResult, to: string): AnswerBody<"sendMessage"> {
  const { status, id, answer, tookMs = 0 } = result;
  if (answer !== undefined) return JSON.parse(utf8.decode(answer)) as AnswerBody<"sendMessage">;
  const name = status === undefined ? undefined : MESSAGE_STATUSES[status - 1];
  if (name === undefined || id === undefined) throw noAnswer();
  return { id: messageIdOf(id, to), status: name, tookMs };
}

const noAnswer = (): PushServerError =>
  new UnreachableError({
    code: "answer_invalid",
    message: "A result without a status: is the mesh newer than this SDK?",
    retry: "never",
  });

export function refusalOf(
  { problem: bytes, retryAfterMs }: SendResult,
  idempotencyKey: string,
): PushServerError {
  const problem = JSON.parse(utf8.decode(bytes)) as ProblemBody;
  const { code, detail, retry, status } = problem;
  return new RefusedError({
    ...{ code, message: detail, retry, status, problem, retryAfterMs, idempotencyKey },
  });
}
