/**
 * The live nodes of a tag, as its root sees them: how many listen at each, and which position it has. Nothing waits for a live node except
 * its own listeners. One that cannot be reached is owed what it lacks, durably, until that expires.
 */
import { LIMITS } from "../../../schema/limits.ts";
import { backoffMs, isDue } from "../../backoff.ts";
import { SingleFlight } from "../../single-flight.ts";
import type { LiveReport } from "../calls/live.ts";
import type { TagHost, TagLive } from "../host.ts";
import type { Log } from "../log/log.ts";
import { liveObjectName } from "../name.ts";
import type { LiveNodeRecord, NodeRecord } from "../store.ts";

/** How long a live node that did not say how many listen there is not asked again. */
const ASK_AGAIN_MS = 5_000;
const ASK_MS = 2_000;
/**
 * How often a live node may say that a listener is about to open, once a report: longer than the minute for which it says so of one
 * listener (`OPENING_MS`).
 */
const OPENINGS = 12;

interface LiveNodesParts {
  readonly host: TagHost;
  readonly log: Log;
  /** Position of the last broadcast that may be published. */
  readonly durableHead: () => number;
  readonly app: string;
  readonly tagId: string;
  readonly tag: string;
  readonly record: () => NodeRecord;
  /** Writes the node's record: one row. */
  readonly change: (change: Partial<NodeRecord>) => void;
  /** A report is due soon. */
  readonly onChange: () => void;
}

interface KnownNode {
  readonly name: string;
  readonly live: TagLive;
  /** Null if the root slept since the last report. */
  listeners: number | null;
  /** Number of reports. One that comes while the node is asked replaces its answer. */
  reports: number;
  /** How often since the last report it said that a listener is about to open. */
  openings: number;
  askedAt: number;
  /** Total of listeners that it was told last. */
  told: number | null;
  /** Position up to which it has everything. */
  upTo: number;
  readonly publishing: SingleFlight;
  /** In a row. */
  failures: number;
  /** Milliseconds since 1970; null if it is owed nothing. */
  retryAt: number | null;
}

export class LiveNodes {
  readonly #parts: LiveNodesParts;
  /** By name of the live node's object. */
  readonly #known = new Map<string, KnownNode>();
  /** Listeners that an entry was sent to, by position. */
  readonly #sent = new Map<number, number>();
  readonly #learning = new SingleFlight();
  #toldAt = 0;
  readonly #start: number;

  /** @param upTo position up to which everything was published before */
  constructor(parts: LiveNodesParts, upTo: number) {
    this.#parts = parts;
    this.#start = upTo;
  }

  get count(): number {
    return this.#all.reduce((sum, { listeners }) => sum + (listeners ?? 0), 0);
  }

  sentTo(position: number): number {
    return this.#sent.get(position) ?? 0;
  }

  /** Asks the live nodes whose listeners are unknown, because the root slept since they reported. */
  learn(): Promise<void> {
    return this.#learning.run(() => this.#learn());
  }

  /** A live node reports its listeners. */
  async report({ region, n, listeners }: LiveReport): Promise<void> {
    const { liveNodes } = this.#parts.record();
    const standing = liveNodes.find((node) => node.region === region && node.n === n);
    const isNew = standing === undefined;
    if (isNew) this.#parts.change({ liveNodes: [...liveNodes, { region, n }] });
    // From its record, which has what it is owed.
    const own = this.#of(standing ?? { region, n });
    // It fetches earlier broadcasts itself: the answer has the head.
    if (isNew) own.upTo = this.#parts.log.head;
    own.listeners = listeners;
    own.reports++;
    own.openings = 0;
    await this.learn();
    // The answer has the total.
    own.told = this.count;
    const sinceMs = this.#parts.host.now() - this.#toldAt;
    // Every report sets the alarm, which tells what changed in between.
    if (sinceMs < 0 || sinceMs >= LIMITS.PRESENCE_MS) this.tellTotal();
  }

  /** Tells the total to every live node that does not know it. */
  tellTotal(): void {
    const { host } = this.#parts;
    const total = this.count;
    this.#toldAt = host.now();
    for (const node of this.#all) {
      if (node.told === total) continue;
      node.told = total;
      host.withTimeout(LIMITS.CALL_MS, node.live.presence(total)).catch((error: unknown) => {
        node.told = null;
        host.reportError(error);
      });
    }
  }

  /** Tells every live node who may listen now. One that cannot be called learns it with the next broadcast, before it sends that. */
  tellAccess(): void {
    const { host, record } = this.#parts;
    const { live: access } = record();
    if (access === "open") return;
    for (const { live } of this.#all)
      host.withTimeout(LIMITS.CALL_MS, live.access(access)).catch(host.reportError);
  }

  /**
   * Forgets live nodes without listeners. One that gets a listener reports itself first.
   *
   * @returns false if one could not be asked
   */
  async prune(): Promise<boolean> {
    await this.learn();
    const idle = this.#all.filter(({ listeners }) => listeners === 0);
    const before = idle.map(({ reports }) => reports);
    const isGone = await Promise.all(idle.map((node) => this.#askIdle(node)));
    // A node that reported meanwhile relies on being known.
    const gone = new Set(
      idle
        .filter(({ reports }, at) => isGone[at] && reports === before[at])
        .map(({ name }) => name),
    );
    if (gone.size > 0) {
      for (const name of gone) this.#known.delete(name);
      const { change, record } = this.#parts;
      change({ liveNodes: record().liveNodes.filter((node) => !gone.has(this.#nameOf(node))) });
    }
    return this.#all.every(({ listeners }) => listeners !== null);
  }

  /** Whether nobody listens. A listener that is about to open may fail to: then the node is asked again with the next report. */
  async #askIdle(node: KnownNode): Promise<boolean> {
    const { reports } = node;
    await this.#ask(node);
    if (node.listeners === 0) return true;
    if (node.listeners !== null && node.reports === reports && node.openings < OPENINGS) {
      node.openings++;
      node.listeners = 0;
      this.#parts.onChange();
    }
    return false;
  }

  /** Sends what is new to every live node that is owed nothing. */
  publish(): void {
    const { durableHead, host } = this.#parts;
    // What is owed may not be writable.
    this.reach(durableHead()).catch(host.reportError);
  }

  /** Resolves when every live node has everything up to a position, or could not be called. */
  async reach(position: number): Promise<void> {
    await Promise.all(this.#all.map((node) => this.#reach(node, position)));
  }

  /** Retries the live nodes that are owed something and are due. */
  async alarm(): Promise<void> {
    const { host } = this.#parts;
    const now = host.now();
    const due = this.#all.filter(({ retryAt }) => retryAt !== null && isDue(retryAt, now));
    await Promise.all(due.map((node) => this.#retry(node)));
    this.#setAlarm();
  }

  get #all(): KnownNode[] {
    return this.#parts.record().liveNodes.map((node) => this.#of(node));
  }

  #of(node: LiveNodeRecord): KnownNode {
    const name = this.#nameOf(node);
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const isOwed = node.upTo !== undefined;
    const fresh: KnownNode = {
      name,
      live: this.#parts.host.live(name),
      listeners: null,
      reports: 0,
      openings: 0,
      askedAt: Number.NEGATIVE_INFINITY,
      told: null,
      upTo: node.upTo ?? this.#start,
      publishing: new SingleFlight(),
      failures: 0,
      retryAt: isOwed ? 0 : null,
    };
    this.#known.set(name, fresh);
    return fresh;
  }

  async #learn(): Promise<void> {
    const now = this.#parts.host.now();
    const isUnknown = ({ listeners, askedAt }: KnownNode) =>
      listeners === null && (now < askedAt || now - askedAt >= ASK_AGAIN_MS);
    await Promise.all(this.#all.filter(isUnknown).map((node) => this.#ask(node)));
  }

  async #ask(node: KnownNode): Promise<void> {
    const { host } = this.#parts;
    const { reports } = node;
    node.askedAt = host.now();
    try {
      const count = await host.withTimeout(ASK_MS, node.live.listeners());
      if (node.reports === reports) node.listeners = count;
    } catch (error) {
      // With 0, it would be forgotten.
      if (node.reports === reports) node.listeners = null;
      host.reportError(error);
    }
  }

  async #reach(node: KnownNode, position: number): Promise<void> {
    while (node.upTo < position && node.retryAt === null) {
      await node.publishing.run(() => this.#publishTo(node));
    }
  }

  async #retry(node: KnownNode): Promise<void> {
    const { host, log } = this.#parts;
    const now = host.now();
    const head = this.#parts.durableHead();
    const upTo = Math.max(node.upTo, head - LIMITS.LOG_ENTRIES);
    const isOwed = () => {
      for (const { position, expiresAt } of log.headers()) {
        if (position <= upTo) return false;
        if (position <= head && expiresAt > now) return true;
      }
      return false;
    };
    if (!isOwed()) {
      node.upTo = head;
      this.#settle(node);
      return;
    }
    await node.publishing.run(() => this.#publishTo(node));
  }

  /** Rejects only if what the node is owed cannot be written. */
  async #publishTo(node: KnownNode): Promise<void> {
    const { host, tag, log } = this.#parts;
    const head = this.#parts.durableHead();
    try {
      for (let from = Math.max(node.upTo, head - LIMITS.LOG_ENTRIES) + 1; ; ) {
        const { live: access } = this.#parts.record();
        const request = { tag, entries: log.slice(from, head), access };
        const answer = await host.withTimeout(LIMITS.CALL_MS, node.live.publish(request));
        if (answer.kind === "sent") {
          node.listeners = answer.listeners;
          this.#count(node.upTo + 1, head, answer.listeners);
          break;
        }
        if (answer.head + 1 >= from) throw new Error("a live node cannot fetch what it lacks");
        from = answer.head + 1;
      }
      node.upTo = Math.max(node.upTo, head);
      this.#settle(node);
    } catch (error) {
      host.reportError(error);
      this.#owe(node);
    }
  }

  #count(first: number, last: number, listeners: number): void {
    for (
      let position = Math.max(first, last - LIMITS.LOG_ENTRIES + 1);
      position <= last;
      position++
    )
      this.#sent.set(position, this.sentTo(position) + listeners);
    for (const position of this.#sent.keys()) {
      if (position <= this.#parts.log.head - LIMITS.LOG_ENTRIES) this.#sent.delete(position);
    }
  }

  /** Sets the alarm; one row if it was owed nothing before. */
  #owe(node: KnownNode): void {
    const { host } = this.#parts;
    node.failures++;
    node.retryAt = host.now() + backoffMs(node.failures, host.random());
    this.#write(node, node.upTo);
    this.#setAlarm();
  }

  /** It has everything, or what it lacks has expired. One row if it was owed something. */
  #settle(node: KnownNode): void {
    if (node.retryAt !== null) this.#write(node, undefined);
    node.failures = 0;
    node.retryAt = null;
  }

  #write(node: KnownNode, upTo: number | undefined): void {
    const { record, change } = this.#parts;
    const { liveNodes } = record();
    const standing = liveNodes.find((each) => this.#nameOf(each) === node.name);
    if (standing === undefined || standing.upTo === upTo) return;
    const { region, n } = standing;
    const written: LiveNodeRecord = upTo === undefined ? { region, n } : { region, n, upTo };
    change({ liveNodes: liveNodes.map((each) => (each === standing ? written : each)) });
  }

  #setAlarm(): void {
    const times = this.#all.flatMap(({ retryAt }) => (retryAt === null ? [] : [retryAt]));
    if (times.length > 0) this.#parts.host.setAlarm(Math.min(...times));
  }

  #nameOf({ region, n }: LiveNodeRecord): string {
    const { app, tagId } = this.#parts;
    return liveObjectName({ app, tagId, region, n });
  }
}
