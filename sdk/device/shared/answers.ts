/** What a client answers the engine, which lacks the code of the app: its grants and its encryption. */
import type { Encryption } from "../client/encryption.ts";
import type { GrantCallback } from "../client/grants.ts";
import { isPushError, messageOf, toErrorData } from "../errors.ts";
import type { FromEngine, Question, ToEngine } from "./protocol.ts";

interface Answering {
  readonly grant?: GrantCallback | undefined;
  readonly encryption?: Encryption | undefined;
}

/** Never rejects. */
export async function answerQuestion(
  { asked, question }: Extract<FromEngine, { readonly kind: "question" }>,
  answering: Answering,
): Promise<ToEngine> {
  try {
    return { kind: "answer", asked, value: await answer(question, answering) };
  } catch (error) {
    const isRead = question.kind === "read";
    // What cannot be read now or ever is dropped, unless it says that it can be read later.
    const data = toErrorData(error, isRead ? "data_invalid" : "grant_failed");
    const retry = !isRead || isPushError(error) ? data.retry : "never";
    return { kind: "refusal", asked, error: { ...data, message: messageOf(error), retry } };
  }
}

function answer(question: Question, { grant, encryption }: Answering): unknown {
  switch (question.kind) {
    case "grant":
      return grant?.(question.request);
    case "read":
      return encryption?.read(question.message);
    case "registered":
      return encryption?.registered(question.identity);
  }
}
