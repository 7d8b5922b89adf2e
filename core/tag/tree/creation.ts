/** How a node comes to be: where its positions and its turns begin, over all the lives that a node of its name has. */
import { SingleFlight } from "../../single-flight.ts";
import type { SubtreeCount } from "../store.ts";
import type { CountAnswer } from "../types.ts";

/**
 * The position before the first of a new root. Positions only rise over the lives of a tag, so that a cursor of an earlier life is
 * below all of a later one's: a tag takes far fewer broadcasts than one a millisecond (`LIMITS.REPLAY_MS`), and is not erased
 * before the clock has come past its last position.
 *
 * @param now milliseconds since 1970
 */
export const firstPosition = (now: number): number => now;

/** What a node begins with. */
export interface NodeStart {
  readonly turns: number;
  /** Position of the last broadcast that its parent may have served without it. */
  readonly head: number;
}

export class NodeCreation {
  readonly #report: (count: SubtreeCount) => Promise<CountAnswer>;
  readonly #running = new SingleFlight<boolean>();

  /** @param report tells the parent */
  constructor(report: (count: SubtreeCount) => Promise<CountAnswer>) {
    this.#report = report;
  }

  /** Whether the parent is just being told. */
  get isRunning(): boolean {
    return this.#running.isRunning;
  }

  /**
   * Tells the parent of a node that is about to be, before anybody is in it: then no fan-out misses it.
   *
   * @param begin makes the node
   * @returns false where the parent is not there
   */
  run(now: number, begin: (begun: NodeStart) => void): Promise<boolean> {
    return this.#running.run(() => this.#tell(now, begin));
  }

  async #tell(now: number, begin: (begun: NodeStart) => void): Promise<boolean> {
    // With the time: then what is left of reports of an earlier life on their way counts for nothing.
    let turns = firstTurn(now);
    for (;;) {
      const answer = await this.#report({ members: 0, nodes: 1, depth: 1, turns });
      if (answer.isUnborn === true) return false;
      if (answer.turns === undefined) {
        begin({ turns, head: answer.head });
        return true;
      }
      turns = turnAfter(answer.turns, turns);
    }
  }
}

/** The turn that a node begins with, open; one that is there is never ahead of it, for it closes and opens less than once a second. */
export const firstTurn = (now: number): number => 2 * Math.floor(now / 1_000);

/** The first turn after one that is known which is open or closed as another is. */
export const turnAfter = (known: number, like: number): number =>
  known + 1 + ((known + 1 + like) % 2);
