/** Commands that take calls to other objects: each is answered once, when all of its parts are done. */
import { LIMITS } from "../../schema/limits.ts";
import type { CallResult, Context } from "../link/effects.ts";
import type { CommandAnswer, Refused } from "../message/refusal.ts";
import type { Waits } from "./waits.ts";

type Finish = (answer: CommandAnswer, context: Context) => void;

/** One command. It begins with one part: finding out what the others are. */
export class PendingCommand {
  readonly #finish: Finish;
  readonly #since: number;
  #open = 1;
  #refused: Refused | null = null;
  #isAnswered = false;

  /** @param since when a device gave it, which is answered in any case; whoever else waits has a timer */
  constructor(finish: Finish, since = Number.POSITIVE_INFINITY) {
    this.#finish = finish;
    this.#since = since;
  }

  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  /** Another part, whose `done` follows. */
  expect(): void {
    this.#open++;
  }

  /**
   * A part is done, or refused. The first refusal is the answer, once the other parts are done too. The parts of a hundred tags wait
   * for each other and for free calls, so a command past its time is answered with the next part that ends, and the others go on.
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

/** Carries out a command for a caller who waits: an answer, or a token that a `settle` effect follows for. */
export function waitFor(
  waits: Waits,
  begin: (command: PendingCommand) => void,
): CommandAnswer | number {
  const answers: CommandAnswer[] = [];
  let token: number | null = null;
  begin(
    new PendingCommand((answer, context) => {
      if (token === null) answers.push(answer);
      else waits.settle(token, answer, context);
    }),
  );
  const [answer] = answers;
  if (answer !== undefined) return answer;
  // What was begun goes on.
  token = waits.begin({ timeout: (own, context) => waits.settle(own, UNFINISHED, context) });
  return token;
}

/** A call failed or takes too long: whether it was carried out is not known, and asking again is safe. */
export const UNFINISHED: Refused = {
  ok: false,
  code: "overloaded",
  detail: "not carried out in time; it may still be",
  retryAfterMs: 1_000,
};

/** What a caller is told of a call that did not succeed: its refusal, or that it failed. */
export function refusalOf(result: CallResult): Refused {
  const answer = result.ok ? result.answer : undefined;
  return typeof answer === "object" && "ok" in answer && !answer.ok ? answer : UNFINISHED;
}
