/**
 * How many listen: told to the tag's root where it has changed, and to the listeners where the whole has, each at most
 * every `LIMITS.PRESENCE_MS`.
 */
import { LIMITS } from "../../schema/limits.ts";
import type { LiveName } from "../tag/name.ts";
import type { LiveHost } from "./host.ts";

/** Reports that failed one after another, after which the next change is waited for. */
const TRIES = 5;

interface PresenceParts {
  readonly name: LiveName;
  readonly host: LiveHost;
  /** Null while no listener has named it. */
  readonly tag: string | null;
  /** Listeners of this node. */
  readonly count: () => number;
  /** The root has answered a report: this is the position of its last broadcast. */
  readonly reported: (head: number) => Promise<void>;
  /** What is shown has changed. */
  readonly show: () => Promise<void>;
}

export class Presence {
  readonly #parts: PresenceParts;
  #tag: string | null;
  /** What the root believes; null where this node does not know. */
  #reported: number | null = null;
  #reporting: Promise<void> | null = null;
  #rootHead = 0;
  /** Listeners of all nodes, as last heard and as shown; null before the first answer. */
  #total: number | null = null;
  #shown: number | null = null;
  #talking = false;
  #talkedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: PresenceParts) {
    this.#parts = parts;
    this.#tag = parts.tag;
  }

  get tag(): string {
    return this.#tag ?? "";
  }

  /** How many listen in all, as listeners are told; null while that is unknown. */
  get shown(): number | null {
    return this.#shown;
  }

  /** Position of the root's last broadcast when it was asked last. */
  get rootHead(): number {
    return this.#rootHead;
  }

  /** Whether the root may believe that somebody listens here, or is just being told. */
  get isExpectedAtRoot(): boolean {
    return this.#isAnnounced || this.#reporting !== null;
  }

  get #isAnnounced(): boolean {
    return this.#reported !== null && this.#reported > 0;
  }

  get isBusy(): boolean {
    return this.#talking || this.#reporting !== null;
  }

  /**
   * Resolves when the root knows that somebody listens here: every broadcast from then on comes here.
   *
   * @throws what the root's call throws
   */
  async announce(tag: string): Promise<void> {
    this.#tag ??= tag;
    while (this.#reporting !== null) await this.#reporting;
    if (!this.#isAnnounced) await this.#report(this.#parts.count() + 1);
  }

  /** Whether the root is just being told of listeners. */
  get isReporting(): boolean {
    return this.#reporting !== null;
  }

  /** The root may forget this node: it has to be told before anybody is let in. */
  forgotten(): void {
    this.#reported = 0;
  }

  /** Somebody came or went. */
  changed(): void {
    if (this.#talking || !this.#hasNews) return;
    this.#talking = true;
    this.#talk().then(
      () => {
        this.#talking = false;
      },
      (error: unknown) => {
        this.#talking = false;
        this.#parts.host.reportError(error);
      },
    );
  }

  /** The root says how many listen in all. */
  tell(total: number): void {
    this.#total = total;
    this.changed();
  }

  get #hasNews(): boolean {
    return this.#reported !== this.#parts.count() || this.#total !== this.#shown;
  }

  async #talk(): Promise<void> {
    const { host, count, show } = this.#parts;
    for (let tries = 1; this.#hasNews; tries++) {
      // Not longer than that, though the clock was set back.
      const wait = Math.min(this.#talkedAt + LIMITS.PRESENCE_MS - host.now(), LIMITS.PRESENCE_MS);
      if (wait > 0) await host.sleep(wait);
      while (this.#reporting !== null) await this.#reporting;
      try {
        if (this.#reported === count()) this.#talkedAt = host.now();
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
    this.#talkedAt = this.#parts.host.now();
    const report = this.#tell(listeners);
    this.#reporting = report
      .catch(() => {})
      .finally(() => {
        this.#reporting = null;
      });
    await report;
    // Whoever waited sees it ended.
    await this.#reporting;
  }

  async #tell(listeners: number): Promise<void> {
    const { name, host, reported } = this.#parts;
    const { region, n } = name;
    const report = host.root.reportLive({ tag: this.tag, region, n, listeners });
    const answer = await host.withTimeout(LIMITS.CALL_MS, report);
    this.#reported = listeners;
    this.#rootHead = Math.max(this.#rootHead, answer.head);
    this.#total = answer.listeners;
    this.#shown ??= answer.listeners;
    await reported(answer.head);
  }
}
