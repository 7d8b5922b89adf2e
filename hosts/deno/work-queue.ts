/** Who waits for a slice (`work-slices.ts`), of one kind of work: each has one turn before any has its next. */
import { takeTurn } from "../machine/take-turn.ts";

interface Turn {
  readonly weight: number;
  readonly begin: () => void;
}

export class WorkQueue {
  /** The one whose turn is next first. */
  readonly #waiting = new Map<string, Turn[]>();
  #weight = 0;
  /** When the pauses for its slices, and for those of the kinds before it, are over. */
  #owedUntil = 0;
  /** Slices of kinds before it, since it waits. */
  passedCount = 0;

  /** Of all that waits. */
  get weight(): number {
    return this.#weight;
  }

  /** Resolves when it is its turn. @param weight see `WorkSlices.enter` */
  enter(who: string, weight: number): Promise<void> {
    const entered = new Promise<void>((begin) => {
      const mine = this.#waiting.get(who);
      if (mine === undefined) this.#waiting.set(who, [{ weight, begin }]);
      else mine.push({ weight, begin });
    });
    this.#weight += weight;
    return entered;
  }

  /** Begins turns, of this weight together; the last may be over it. */
  letIn(weight: number): void {
    this.passedCount = 0;
    let left = weight;
    while (left > 0) {
      const turn = takeTurn(this.#waiting, (turns) => turns.shift(), isEmpty);
      if (turn === undefined) return;
      left -= turn.weight;
      this.#weight -= turn.weight;
      turn.begin();
    }
  }

  /** Adds a pause. @param mostMs that may be owed: what nobody waited for is forgotten */
  owe(ms: number, now: number, mostMs: number): void {
    this.#owedUntil = Math.min(Math.max(this.#owedUntil, now) + ms, now + mostMs);
  }

  owedMs(now: number): number {
    return this.#owedUntil - now;
  }
}

const isEmpty = ({ length }: { readonly length: number }): boolean => length === 0;
