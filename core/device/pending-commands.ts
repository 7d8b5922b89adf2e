/** Commands that take calls to other objects: each is answered once, when all of its parts are done. */
import { LIMITS } from "../../schema/limits.ts";
import type { CallResult, Effects } from "../link/effects.ts";
import type { CommandAnswer, Refused } from "../message/refusal.ts";

type Finish = (answer: CommandAnswer, now: number, effects: Effects) => void;

/** One command: begins with one part, that of finding out what the others are. */
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
   * A part is done, or refused: the first refusal is the answer, once the others are done too. Those of a hundred tags wait for each
   * other, and for room: past its time a command is answered with the next one, and the others go on.
   */
  done(refused: Refused | null, now: number, effects: Effects): void {
    this.#refused ??= refused;
    this.#open--;
    if (this.#isAnswered) return;
    if (this.#open > 0) {
      if (now - this.#since < LIMITS.COMMAND_MS) return;
      this.#refused ??= UNFINISHED;
    }
    this.#isAnswered = true;
    this.#finish(this.#refused ?? { ok: true }, now, effects);
  }
}

export class PendingCommands {
  readonly #nextToken: () => number;
  readonly #waiting = new Set<number>();

  constructor(nextToken: () => number) {
    this.#nextToken = nextToken;
  }

  /** Carries out a command for a caller who waits: an answer, or a token that a `settle` effect follows for. */
  run(begin: (command: PendingCommand) => void): CommandAnswer | number {
    const token = this.#nextToken();
    const answers: CommandAnswer[] = [];
    begin(
      new PendingCommand((answer, _, effects) => {
        if (this.#waiting.delete(token)) effects.push({ kind: "settle", token, answer });
        else answers.push(answer);
      }),
    );
    const [answer] = answers;
    if (answer !== undefined) return answer;
    this.#waiting.add(token);
    return token;
  }

  /** Whoever waits under this token waits no longer. What was begun goes on. */
  timeout(token: number, effects: Effects): void {
    if (!this.#waiting.delete(token)) return;
    effects.push({ kind: "settle", token, answer: UNFINISHED });
  }
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
