/**
 * Erases nodes that are no longer needed: their subtree has no members, and nobody asks about their broadcasts any more. Nodes are erased
 * from the leaves up. A parent asks each closed child that is due to go; the child erases itself before it answers yes. If a join is on
 * its way to an erased node, the node is created again and tells its parent before it takes a member (see creation.ts), so no member is in
 * a node that fan-outs do not reach.
 */
import { LIMITS } from "../../../schema/limits.ts";
import { backoffMs } from "../../backoff.ts";
import { SingleFlight } from "../../single-flight.ts";
import type { GoAnswer } from "../calls/tree.ts";
import type { TagHost } from "../host.ts";
import type { Log } from "../log/log.ts";
import type { NodeRecord, SubtreeCount } from "../store.ts";
import { isClosed } from "./open-state.ts";

interface ErasingParts {
  readonly host: TagHost;
  readonly log: Log;
  readonly record: () => NodeRecord;
  /** Writes the node's record: one row. */
  readonly change: (change: Partial<NodeRecord>) => void;
  /** Whether a broadcast waits for its time. */
  readonly isScheduled: () => boolean;
  /** Members of this node alone. */
  readonly members: () => number;
  /** Asks a child to go. */
  readonly ask: (digit: string) => Promise<GoAnswer>;
  /** A child was erased. */
  readonly onGone: () => void;
}

/** Children asked in parallel. */
const PARALLEL = 16;

export class Erasing {
  readonly #parts: ErasingParts;
  readonly #asking = new SingleFlight();
  /** Rounds in a row in which a child could not be asked, and the time of the next round. */
  #failures = 0;
  #notBefore = 0;
  /** Failed calls of the directory in a row. */
  #directoryFailures = 0;

  constructor(parts: ErasingParts) {
    this.#parts = parts;
  }

  get isBusy(): boolean {
    return this.#asking.isRunning;
  }

  /** When this node is no longer needed, milliseconds since 1970; null while it is in use. */
  get neededUntil(): number | null {
    const { members, record } = this.#parts;
    const { children, live, liveNodes, debts = [] } = record();
    const below = Object.values(children);
    if (members() > 0 || live !== "token" || liveNodes.length > 0 || debts.length > 0) return null;
    if (!below.every(isEmpty) || this.#parts.isScheduled()) return null;
    const later = below.map(({ neededUntil = 0 }) => neededUntil + LIMITS.COUNT_DELAY_MS);
    return Math.max(this.#rememberedUntil, ...later);
  }

  get hasChildren(): boolean {
    return Object.keys(this.#parts.record().children).length > 0;
  }

  /** Whether it can be erased now. */
  get canGo(): boolean {
    const { neededUntil } = this;
    if (neededUntil === null || this.hasChildren) return false;
    return neededUntil <= this.#parts.host.now();
  }

  /**
   * Whether a root can be erased now. If it may be later, sets the alarm.
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
      host.setAlarm(now + backoffMs(++this.#directoryFailures, host.random()));
      return false;
    }
    // Someone may have joined meanwhile.
    return this.canGo && isIdle();
  }

  /** Asks the children that are due, forgets those that were erased, and sets the alarm for the others. */
  alarm(): Promise<void> {
    return this.#asking.run(() => this.#ask());
  }

  /** Until then its log answers for the status of a broadcast. Its next life has to start at a later position: see `firstPosition`. */
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

  /** Digits of closed children. If the whole subtree is empty, also those that never reported being closed: they may not exist. */
  get #candidates(): readonly string[] {
    const { members, record } = this.#parts;
    const children = Object.entries(record().children);
    const isAllEmpty = members() === 0 && children.every(([, count]) => isEmpty(count));
    return children.filter(([, count]) => isAllEmpty || isClosed(count)).map(([digit]) => digit);
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
      // It reported meanwhile, so its answer is stale: it may have been created again.
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

const isEmpty = ({ members }: SubtreeCount): boolean => members === 0;

const isDue = (child: SubtreeCount | undefined, now: number): boolean =>
  child !== undefined && (child.neededUntil ?? 0) <= now;
