/**
 * The other tags that a broadcast is for: has it forwarded to their roots (see forwarder.ts), and records which of them are still owed it
 * and which missed it.
 */
import type { TagHost } from "../host.ts";
import type { Log } from "../log/log.ts";
import { addToOutcome, type TreeOutcome } from "../outcome/outcome.ts";
import type { LogHeader } from "../store.ts";
import { Forwarder } from "./forwarder.ts";

interface OtherTagsParts {
  readonly host: TagHost;
  readonly log: Log;
  readonly app: string;
  readonly tag: string;
}

/** How long the outcome of a broadcast waits for the other roots. Most have it by then, and the row need not be written again. */
const FORWARD_MS = 1_000;

type Covered = Pick<LogHeader, "position" | "cover">;

export class OtherTags {
  readonly #parts: OtherTagsParts;
  readonly #forwarder: Forwarder;
  /** By position: tags that missed a broadcast whose outcome is not written yet. */
  readonly #missed = new Map<number, readonly string[]>();

  constructor(parts: OtherTagsParts) {
    this.#parts = parts;
    this.#forwarder = new Forwarder(parts, (...end) => this.#ended(...end));
    for (const header of parts.log.unsettled) this.add(header);
  }

  get isBusy(): boolean {
    return this.#forwarder.isBusy;
  }

  add(header: Covered): void {
    this.#forwarder.add(header.position, this.#owes(header));
  }

  /** Calls the roots that are due. */
  run(): Promise<void> {
    return this.#forwarder.run();
  }

  /** Resolves when the roots were called, or after `FORWARD_MS`. */
  async runSoon(position: number): Promise<void> {
    if (this.owed(position).length === 0) return;
    await Promise.race([this.run(), this.#parts.host.sleep(FORWARD_MS)]);
  }

  /** Tags whose roots have the broadcast. */
  having(header: Covered): readonly string[] {
    const owed = this.owed(header.position);
    const missed = this.missed(header.position);
    return this.#othersOf(header).filter((tag) => !owed.includes(tag) && !missed.includes(tag));
  }

  /** Tags that are still owed a broadcast. */
  owed(position: number): readonly string[] {
    return this.#forwarder.owed(position);
  }

  /** Tags that did not get a broadcast: it expired first, or their root refused it. */
  missed(position: number): readonly string[] {
    const outcome = this.#parts.log.state(position)?.outcome;
    if (outcome?.includes('"missed"') !== true) return this.#missed.get(position) ?? [];
    return (JSON.parse(outcome) as TreeOutcome).missed ?? [];
  }

  /** What is written with the outcome of a broadcast. */
  take(position: number): Pick<TreeOutcome, "unreached" | "missed" | "owes"> {
    const missed = this.missed(position);
    const owes = this.owed(position);
    this.#missed.delete(position);
    return {
      unreached: missed.length,
      ...(missed.length === 0 ? {} : { missed }),
      ...(owes.length === 0 ? {} : { owes }),
    };
  }

  #ended(position: number, tag: string, isAccepted: boolean): void {
    const { log, host } = this.#parts;
    const state = log.state(position);
    if (state === null) {
      if (!isAccepted) this.#missed.set(position, [...this.missed(position), tag]);
      return;
    }
    const more = {
      ...{ paid: tag, unreached: Number(!isAccepted) },
      ...(isAccepted ? {} : { missed: tag }),
    };
    const outcome = addToOutcome(state.outcome, more, host.now());
    log.recordOutcome(position, { ...state, outcome });
  }

  /** Tags that are owed a broadcast according to the log. */
  #owes(header: Covered): readonly string[] {
    const state = this.#parts.log.state(header.position);
    if (state === null) return this.#othersOf(header);
    return header.cover.length === 1 ? [] : ((JSON.parse(state.outcome) as TreeOutcome).owes ?? []);
  }

  /** Empty for a broadcast that another root forwarded: that root forwards it to all tags. */
  #othersOf({ cover }: Covered): readonly string[] {
    return cover[0] === this.#parts.tag ? cover.slice(1) : [];
  }
}
