/**
 * The number of listeners: reports that of this node to the tag's root, and shows that of all nodes to the listeners. Each when it changed,
 * at most every `LIMITS.PRESENCE_MS`.
 */
import { LIMITS } from "../../schema/limits.ts";
import type { LiveReportAnswer } from "../tag/calls/live.ts";
import type { LiveName } from "../tag/name.ts";
import type { LiveHost } from "./host.ts";

/** After this many failed reports in a row, the next try waits for a change. */
const TRIES = 5;

interface PresenceParts {
  readonly name: LiveName;
  readonly host: LiveHost;
  /** Null until a listener named it. */
  readonly tag: string | null;
  /** Listeners of this node. */
  readonly count: () => number;
  /** Called when the root answered a report. */
  readonly reported: (answer: LiveReportAnswer) => Promise<void>;
  /** Called when `shown` changed. */
  readonly show: () => Promise<void>;
}

export class Presence {
  readonly #parts: PresenceParts;
  #tag: string | null;
  /** The number that the root has; null if unknown. */
  #reported: number | null = null;
  #reporting: Promise<void> | null = null;
  #rootHead = 0;
  /** Listeners of all nodes, as the root last said and as shown; null before the first answer. */
  #total: number | null = null;
  #shown: number | null = null;
  #updating = false;
  #updatedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: PresenceParts) {
    this.#parts = parts;
    this.#tag = parts.tag;
  }

  get tag(): string {
    return this.#tag ?? "";
  }

  /** Listeners of all nodes, as shown to listeners; null if unknown. */
  get shown(): number | null {
    return this.#shown;
  }

  /** Position of the root's last broadcast at its last answer. */
  get rootHead(): number {
    return this.#rootHead;
  }

  /** Whether the root may count listeners here, or is being told of some. */
  get isExpectedAtRoot(): boolean {
    return this.#isAnnounced || this.#reporting !== null;
  }

  get #isAnnounced(): boolean {
    return this.#reported !== null && this.#reported > 0;
  }

  get isBusy(): boolean {
    return this.#updating || this.#reporting !== null;
  }

  /**
   * Resolves once the root counts a listener here: then it sends every broadcast.
   *
   * @throws the error of the call
   */
  async announce(tag: string): Promise<void> {
    this.#tag ??= tag;
    while (this.#reporting !== null) await this.#reporting;
    if (!this.#isAnnounced) await this.#report(this.#parts.count() + 1);
  }

  /** Whether the root is being told of listeners. */
  get isReporting(): boolean {
    return this.#reporting !== null;
  }

  /** The root may forget this node: `announce` has to report again. */
  forgotten(): void {
    this.#reported = 0;
  }

  /** A listener joined or left, or the total changed. */
  changed(): void {
    if (this.#updating || !this.#hasNews) return;
    this.#updating = true;
    this.#update().then(
      () => {
        this.#updating = false;
      },
      (error: unknown) => {
        this.#updating = false;
        this.#parts.host.reportError(error);
      },
    );
  }

  /** The root told the number of listeners of all nodes. */
  tell(total: number): void {
    this.#total = total;
    this.changed();
  }

  get #hasNews(): boolean {
    return this.#reported !== this.#parts.count() || this.#total !== this.#shown;
  }

  async #update(): Promise<void> {
    const { host, count, show } = this.#parts;
    for (let tries = 1; this.#hasNews; tries++) {
      // No longer than that, even if the clock was set back.
      const wait = Math.min(this.#updatedAt + LIMITS.PRESENCE_MS - host.now(), LIMITS.PRESENCE_MS);
      if (wait > 0) await host.sleep(wait);
      while (this.#reporting !== null) await this.#reporting;
      try {
        if (this.#reported === count()) this.#updatedAt = host.now();
        else await this.#report(count());
        tries = 0;
      } catch (error) {
        if (tries >= TRIES) throw error;
        host.reportError(error);
      }
      if (this.#shown === this.#total) continue;
      this.#shown = this.#total;
      await show();
    }
  }

  /** One report at a time. */
  async #report(listeners: number): Promise<void> {
    this.#updatedAt = this.#parts.host.now();
    const report = this.#callRoot(listeners);
    this.#reporting = report
      .catch(() => {})
      .finally(() => {
        this.#reporting = null;
      });
    await report;
    // So that `#reporting` is null for the caller.
    await this.#reporting;
  }

  async #callRoot(listeners: number): Promise<void> {
    const { name, host, reported } = this.#parts;
    const { region, n } = name;
    const report = host.root.reportLive({ tag: this.tag, region, n, listeners });
    const answer = await host.withTimeout(LIMITS.CALL_MS, report);
    this.#reported = listeners;
    this.#rootHead = Math.max(this.#rootHead, answer.head);
    this.#total = answer.listeners;
    this.#shown ??= answer.listeners;
    await reported(answer);
  }
}
