/** Creates a node: tells its parent first, and sets where its positions and turns start, so that both rise over all lives of the node. */
import { SingleFlight } from "../../single-flight.ts";
import type { CountAnswer } from "../calls/tree.ts";
import type { SubtreeCount } from "../store.ts";

/**
 * The position at which a new root starts. Positions rise over the lives of a tag, so a cursor of an earlier life is below all positions
 * of a later one: a tag accepts far less than one broadcast a millisecond (`LIMITS.REPLAY_MS`), and is not erased before the clock has
 * passed its last position.
 *
 * @param now milliseconds since 1970
 */
export const firstPosition = (now: number): number => now;

/** `unborn`: there is no parent. `ended`: its app was deleted. */
export type CreationAnswer = "made" | "unborn" | "ended";

/** What a new node starts with. */
interface NodeStart {
  readonly turns: number;
  /** Position of the last broadcast that the parent may have served without it. */
  readonly head: number;
}

export class NodeCreation {
  readonly #report: (count: SubtreeCount) => Promise<CountAnswer>;
  readonly #running = new SingleFlight<CreationAnswer>();

  /** @param report reports to the parent */
  constructor(report: (count: SubtreeCount) => Promise<CountAnswer>) {
    this.#report = report;
  }

  /** Whether the parent is being told. */
  get isRunning(): boolean {
    return this.#running.isRunning;
  }

  /**
   * Tells the parent, then makes the node. It has no members before that, so no fan-out misses one.
   *
   * @param begin makes the node
   */
  run(now: number, begin: (begun: NodeStart) => void): Promise<CreationAnswer> {
    return this.#running.run(() => this.#tell(now, begin));
  }

  async #tell(now: number, begin: (begun: NodeStart) => void): Promise<CreationAnswer> {
    // From the time: then late reports of an earlier life are ignored.
    let turns = firstTurn(now);
    for (;;) {
      const answer = await this.#report({ members: 0, nodes: 1, depth: 1, turns });
      if (answer.isUnborn === true) return "unborn";
      if (answer.isEnded === true) return "ended";
      if (answer.turns === undefined) {
        begin({ turns, head: answer.head });
        return "made";
      }
      turns = turnAfter(answer.turns, turns);
    }
  }
}

/** The turn of a new node, which is open. No existing node is ahead of it, because a node closes and opens less than once a second. */
export const firstTurn = (now: number): number => 2 * Math.floor(now / 1_000);

/** The first turn after `known` that is open if `like` is, and closed if `like` is. */
export const turnAfter = (known: number, like: number): number =>
  known + 1 + ((known + 1 + like) % 2);
