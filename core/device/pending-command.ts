/** Commands that need calls to other objects. Each is answered once, when all its calls are done. */
import { LIMITS } from "../../schema/limits.ts";
import type { CallResult, Context } from "../link/effects.ts";
import type { CommandAnswer, Refused } from "../message/refusal.ts";
import type { Waits } from "./waits.ts";

type Finish = (answer: CommandAnswer, context: Context) => void;

/** One command, made of steps. It starts with one open step: finding out what the others are. */
export class PendingCommand {
  readonly #finish: Finish;
  readonly #since: number;
  #open = 1;
  #refused: Refused | null = null;
  #isAnswered = false;

  /** @param since when a device sent it: then `LIMITS.COMMAND_MS` applies. Absent for callers that have a timer of their own */
  constructor(finish: Finish, since = Number.POSITIVE_INFINITY) {
    this.#finish = finish;
    this.#since = since;
  }

  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  /** Adds a step; one call of `done` must follow. */
  addStep(): void {
    this.#open++;
  }

  /**
   * A step is done, or refused. The first refusal is the answer once all steps are done. The steps of a hundred tags wait for each
   * other and for free calls, so an overdue command is answered with the next step that ends, and the other steps continue.
   */
  done(refused: Refused | null, context: Context): void {
    this.#refused ??= refused;
    this.#open--;
    if (this.#isAnswered) return;
    if (this.#open > 0) {
      if (context.now - this.#since < LIMITS.COMMAND_MS) return;
      this.#refused ??= UNFINISHED;
    }
    this.#isAnswered = true;
    this.#finish(this.#refused ?? { ok: true }, context);
  }
}

/**
 * Carries out a command for a waiting caller.
 *
 * @param overruled replaces an answer that says that it is done
 * @returns the answer, or a token whose `settle` effect follows
 */
export function waitFor(
  waits: Waits,
  begin: (command: PendingCommand) => void,
  overruled: () => Refused | null,
): CommandAnswer | number {
  const answers: CommandAnswer[] = [];
  let token: number | null = null;
  begin(
    new PendingCommand((carriedOut, context) => {
      const answer = carriedOut.ok ? (overruled() ?? carriedOut) : carriedOut;
      if (token === null) answers.push(answer);
      else waits.settle(token, answer, context);
    }),
  );
  const [answer] = answers;
  if (answer !== undefined) return answer;
  // After a timeout the command continues.
  token = waits.begin({ timeout: (own, context) => waits.settle(own, UNFINISHED, context) });
  return token;
}

/** The registration that a command is about has ended since: what the command did ended with it. */
export const SLOT_UNKNOWN: Refused = {
  ok: false,
  code: "slot_unknown",
  detail: "its registration has ended",
};

/** A call failed or takes too long. It may have been carried out; repeating it is safe. */
export const UNFINISHED: Refused = {
  ok: false,
  code: "overloaded",
  detail: "not completed in time; it may still be carried out",
  retryAfterMs: 1_000,
};

/** The refusal of a call that did not succeed; `UNFINISHED` if it failed. */
export function refusalOf(result: CallResult): Refused {
  const answer = result.ok ? result.answer : undefined;
  return typeof answer === "object" && "ok" in answer && !answer.ok ? answer : UNFINISHED;
}
