/**
 * Leaves empty subtrees out of fan-outs, so that a tag that shrank costs no more node calls than a small one. A node whose subtree is
 * empty *closes*: it writes that, then tells its parent, which stops calling it. A join *opens* it: before the member is written, the
 * parent knows that it has to call the node, and answers up to which position it left it out. Each closing or opening is a turn. A parent
 * ignores reports of earlier turns than the last it knows, however late they come.
 */
import { SingleFlight } from "../../single-flight.ts";
import type { CountAnswer } from "../calls/tree.ts";
import type { NodeRecord, SubtreeCount } from "../store.ts";
import { turnAfter } from "./creation.ts";

interface OpenStateParts {
  readonly record: () => NodeRecord;
  /** Writes the node's record: one row. */
  readonly change: (change: Partial<NodeRecord>) => void;
  readonly count: () => SubtreeCount;
  /** Members of this node alone. */
  readonly members: () => number;
  readonly durable: () => Promise<void>;
  /** Reports to the parent; null for the root. */
  readonly report: ((count: SubtreeCount) => Promise<CountAnswer>) | null;
  /** Broadcasts up to this position were for nobody here. */
  readonly onSkipped: (position: number) => void;
  /** The parent has to be told again soon. */
  readonly onFailed: () => void;
}

/** Whether the subtree of a child is left out of fan-outs. */
export const isClosed = ({ turns = 0 }: { readonly turns?: number }): boolean => turns % 2 === 1;

export class OpenState {
  readonly #parts: OpenStateParts;
  readonly #opening = new SingleFlight<boolean>();
  /** Whether the parent may know a later turn than the one written here. */
  #isAhead = false;

  constructor(parts: OpenStateParts) {
    this.#parts = parts;
  }

  /** Whether the parent is being told that it has to call this node. */
  get isOpening(): boolean {
    return this.#opening.isRunning;
  }

  /** Resolves once the parent calls this node, or with false if its app was deleted; rejects if the parent cannot be told. */
  async open(): Promise<boolean> {
    if (!isClosed(this.#parts.record())) return true;
    return this.#opening.run(() => this.#open());
  }

  /** Reports the counts to the parent. Closes the node first if its subtree is empty. */
  async report(): Promise<void> {
    const { report, record, change, count, durable } = this.#parts;
    if (report === null || this.#opening.isRunning) return;
    const { turns = 0 } = record();
    if (this.#isEmpty() && !isClosed(record())) change({ turns: turns + 1 });
    else if (isClosed(record()) && this.#isAhead) change({ turns: turns + 2 });
    this.#isAhead = false;
    await durable();
    const { turns: later } = await report(count());
    // The parent knows a later turn: of an earlier life of this node, or one that was not written because of a kill.
    if (later === undefined || this.isOpening) return;
    change({ turns: turnAfter(later, record().turns ?? 0) });
    await durable();
    await report(count());
  }

  async #open(): Promise<boolean> {
    const { report, record, change, count, durable, onSkipped, onFailed } = this.#parts;
    if (report === null) return true;
    let turns = (record().turns ?? 0) + 1;
    try {
      let answer = await report({ ...count(), turns });
      while (answer.turns !== undefined) {
        turns = turnAfter(answer.turns, turns);
        answer = await report({ ...count(), turns });
      }
      if (answer.isEnded === true) return false;
      if (answer.isUnborn === true) throw new Error("the parent node no longer exists");
      onSkipped(answer.head);
      change({ turns, born: Math.max(record().born, answer.head) });
      await durable();
      return true;
    } catch (error) {
      this.#isAhead = true;
      onFailed();
      throw error;
    }
  }

  #isEmpty(): boolean {
    const { members, record } = this.#parts;
    return members() === 0 && Object.values(record().children).every(isClosed);
  }
}
