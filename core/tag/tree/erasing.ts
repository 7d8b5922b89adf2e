/**
 * The end of a node that nobody needs: nobody is in its subtree, and what it remembers of broadcasts is not to be told any more.
 * Nodes go from the leaves up: a node asks each child that it leaves out of fan-outs, when the child's time has come, whether it goes;
 * the child erases itself before it says so. A join that is on its way to one that went makes it anew, and the new node makes itself
 * known above before it takes anybody (see core/tag/tree/creation.ts), so that none is in a node that no fan-out reaches.
 */
import { LIMITS } from "../../../schema/limits.ts";
import { backoffMs } from "../../backoff.ts";
import { SingleFlight } from "../../single-flight.ts";
import type { TagHost } from "../host.ts";
import type { Log } from "../log/log.ts";
import type { NodeRecord, SubtreeCount } from "../store.ts";
import type { GoAnswer } from "../types.ts";
import { isClosed } from "./open-state.ts";

interface ErasingParts {
  readonly host: TagHost;
  readonly log: Log;
  readonly record: () => NodeRecord;
  /** Writes the node's record: one row. */
  readonly change: (change: Partial<NodeRecord>) => void;
  /** Members of this node alone. */
  readonly members: () => number;
  /** Asks a child whether it goes. */
  readonly ask: (digit: string) => Promise<GoAnswer>;
  /** A child is gone. */
  readonly onGone: () => void;
}

/** Children asked at once. */
const PARALLEL = 16;

export class Erasing {
  readonly #parts: ErasingParts;
  readonly #asking = new SingleFlight();
  /** Rounds in a row in which a child could not be asked, and when the next one is. */
  #failures = 0;
  #notBefore = 0;
  /** How often in a row the directory could not be told. */
  #untold = 0;

  constructor(parts: ErasingParts) {
    this.#parts = parts;
  }

  get isBusy(): boolean {
    return this.#asking.isRunning;
  }

  /**
   * From when on nobody needs this node, in milliseconds since 1970, as far as it knows by now; null while somebody does.
   */
  get neededUntil(): number | null {
    const { members, record } = this.#parts;
    const { children, live, liveNodes, debts = [] } = record();
    const below = Object.values(children);
    if (members() > 0 || live !== "token" || liveNodes.length > 0 || debts.length > 0) return null;
    if (!below.every(isVoid)) return null;
    const later = below.map(({ neededUntil = 0 }) => neededUntil + LIMITS.COUNT_DELAY_MS);
    return Math.max(this.#rememberedUntil, ...later);
  }

  get hasChildren(): boolean {
    return Object.keys(this.#parts.record().children).length > 0;
  }

  /** Whether it can go now. */
  get canGo(): boolean {
    const { neededUntil } = this;
    if (neededUntil === null || this.hasChildren) return false;
    return neededUntil <= this.#parts.host.now();
  }

  /**
   * Whether a root ends now; where it may later, the alarm comes then.
   *
   * @param forget has the directory forget the tag
   * @param isIdle whether nothing is under way
   */
  async tryEnd(forget: () => Promise<void>, isIdle: () => boolean): Promise<boolean> {
    const { host } = this.#parts;
    const { neededUntil } = this;
    if (neededUntil === null || this.hasChildren) return false;
    const now = host.now();
    if (neededUntil > now || !isIdle()) {
      host.setAlarm(Math.max(neededUntil, now + LIMITS.COUNT_DELAY_MS));
      return false;
    }
    try {
      await forget();
    } catch (error) {
      host.reportError(error);
      host.setAlarm(now + backoffMs(++this.#untold, host.random()));
      return false;
    }
    // Somebody may have come meanwhile.
    return this.canGo && isIdle();
  }

  /** Asks the children whose time has come, forgets those that go, and sets the alarm for the others. */
  alarm(): Promise<void> {
    return this.#asking.run(() => this.#ask());
  }

  /** Its log has a status to tell until then, and its next life has to begin at a later position: see `firstPosition`. */
  get #rememberedUntil(): number {
    const { log } = this.#parts;
    let until = log.head + 1;
    for (const { expiresAt } of log.headers()) {
      until = Math.max(until, expiresAt + LIMITS.TAG_STATUS_MS);
    }
    return until;
  }

  async #ask(): Promise<void> {
    const { host, record } = this.#parts;
    const now = host.now();
    if (now >= this.#notBefore) {
      const due = this.#candidates.filter((digit) => isDue(record().children[digit], now));
      this.#notBefore = 0;
      for (let at = 0; at < due.length; at += PARALLEL) {
        await this.#askSome(due.slice(at, at + PARALLEL));
      }
    }
    this.#setAlarm();
  }

  /** Those that are left out of fan-outs; where nobody is left at all also those that say nothing: perhaps they never came to be. */
  get #candidates(): readonly string[] {
    const { members, record } = this.#parts;
    const children = Object.entries(record().children);
    const isAllVoid = members() === 0 && children.every(([, count]) => isVoid(count));
    return children.filter(([, count]) => isAllVoid || isClosed(count)).map(([digit]) => digit);
  }

  async #askSome(digits: readonly string[]): Promise<void> {
    const { host, ask, record, change, onGone } = this.#parts;
    const asked = digits.map((digit) => ({ digit, turns: record().children[digit]?.turns }));
    const answers = await Promise.all(
      asked.map(({ digit }) =>
        host.withTimeout(LIMITS.CALL_MS, ask(digit)).catch(host.reportError),
      ),
    );
    const children = { ...record().children };
    let gone = 0;
    let isChanged = false;
    asked.forEach(({ digit, turns }, at) => {
      const answer = answers[at];
      const known = children[digit];
      // What it said meanwhile outweighs its answer: it may have come to be anew.
      if (known === undefined || known.turns !== turns) return;
      if (answer === undefined) {
        this.#failed();
        return;
      }
      isChanged = true;
      if (!answer.gone) children[digit] = { ...known, neededUntil: answer.neededUntil };
      else {
        delete children[digit];
        gone++;
      }
    });
    if (isChanged) change({ children });
    if (gone > 0) onGone();
  }

  #failed(): void {
    const { host } = this.#parts;
    this.#notBefore = host.now() + backoffMs(++this.#failures, host.random());
  }

  #setAlarm(): void {
    const { host, record } = this.#parts;
    if (this.#notBefore === 0) this.#failures = 0;
    const times = this.#candidates.map((digit) => record().children[digit]?.neededUntil ?? 0);
    if (times.length === 0) return;
    host.setAlarm(Math.max(Math.min(...times), this.#notBefore, host.now() + 1));
  }
}

const isVoid = ({ members }: SubtreeCount): boolean => members === 0;

const isDue = (child: SubtreeCount | undefined, now: number): boolean =>
  child !== undefined && (child.neededUntil ?? 0) <= now;
